/**
 * Writes the dashboards to `dashboards/`, and to `build/typed/` the same as TypeScript, where the compiler compares what
 * came out with Grafana's own schema.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { devices } from './devices.js';
import { focus } from './focus.js';
import { today } from './today.js';
import { weeks } from './weeks.js';

const here = join(__dirname, '..');
const typed = join(here, 'build', 'typed');
mkdirSync(typed, { recursive: true });
mkdirSync(join(here, 'dashboards'), { recursive: true });

for (const [name, dashboard] of Object.entries({ today, weeks, focus, devices })) {
  const json = JSON.stringify(dashboard, null, 2);
  writeFileSync(join(here, 'dashboards', `${name}.json`), `${json}\n`);
  writeFileSync(
    join(typed, `${name}.ts`),
    `import type { Plain } from '../../src/plain.js';
import type { Dashboard } from '@grafana/schema';
export const dashboard: Plain<Dashboard> = ${json};
`,
  );
}
