/**
 * Pictures of the dashboards: `node build/pictures/main.js PROMETHEUS [FROM]`.
 *
 * They are not Grafana's own: its queries, transformations, units and colours are, but not what draws them. FROM, such as
 * `now-1y/d`, is in place of what each dashboard begins at. What every panel's slowest query took is printed.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Dashboard } from '@grafana/schema';

import { type Answer, ask } from './ask.js';
import { WIDTH, height, page, panels } from './page.js';

const here = join(__dirname, '..', '..');
const pictures = join(here, '..', 'doc', 'pictures');

async function main([prometheus, from]: string[]): Promise<void> {
  if (!prometheus) {
    throw new Error('the address of a Prometheus is missing');
  }
  mkdirSync(pictures, { recursive: true });
  for (const name of ['today', 'weeks', 'focus', 'devices']) {
    const dashboard = JSON.parse(readFileSync(join(here, 'dashboards', `${name}.json`), 'utf8')) as Dashboard;
    const view = {
      prometheus,
      from: from ?? dashboard.time?.from ?? 'now/d',
      to: dashboard.time?.to ?? 'now',
      variables: { user: '.*', host: '.*', category: '.*', goal: '6' },
    };
    const answers: Answer[] = [];
    for (const panel of panels(dashboard)) {
      const answer = await ask(panel, view);
      console.log(`${answer.milliseconds.toFixed(0).padStart(6)} ms  ${name}: ${panel.title}`);
      answers.push(answer);
    }
    screenshot(page(dashboard, answers), height(dashboard), join(pictures, `${name}.png`));
  }
}

/** Has Chromium take a picture of a page. */
function screenshot(html: string, pixels: number, picture: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'pictures-'));
  const file = join(directory, 'page.html');
  writeFileSync(file, html);
  try {
    execFileSync(
      'chromium',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--hide-scrollbars',
        `--user-data-dir=${join(directory, 'profile')}`,
        `--window-size=${WIDTH},${pixels}`,
        `--screenshot=${picture}`,
        file,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// A library keeps something open that would keep this from ending.
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
