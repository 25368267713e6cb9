/** What the libraries take from a browser. It has to be imported before them. */

const navigator = { language: 'en-GB', languages: ['en-GB'], userAgent: 'Node.js' };
Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
