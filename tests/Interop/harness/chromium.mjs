// Debian's Chromium without a screen: a browser that nobody here wrote, with its rules for origins, cookies and forms.
import { chromium } from 'playwright-core';

/** Answers the browser; a page that complains on its console says so in `complaints`. */
export async function startChromium() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const complaints = [];
  return {
    complaints,
    /** A page in a profile of its own. */
    async page() {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(60_000);
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      return page;
    },
    stop: () => browser.close(),
  };
}
