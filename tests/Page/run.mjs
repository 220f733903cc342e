// The page as an operator meets it, with a busy gateway behind it: both colour schemes, from 360 to 2,560 pixels, by
// keyboard, without script, and by the rules of accessibility (axe-core).
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startBusyGateway } from "./busy.mjs";

const program = fileURLToPath(new URL("../../src/Gateway/bin/Debug/net10.0/gateway.dll", import.meta.url));
const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
// run.mjs [directory for screenshots [name of a view …]]
const [shots, ...only] = process.argv.slice(2);
let passed = 0, failed = 0;
const check = (name, good, seen = "") => {
  good ? passed++ : failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${name}${good ? "" : `: ${seen}`}`);
};

const views = [
  ["light-narrow", "light", 360, true], ["dark-narrow", "dark", 360, true],
  ["light", "light", 1440, true], ["dark", "dark", 1440, true],
  ["light-wide", "light", 2560, true], ["dark-wide", "dark", 2560, true],
  ["tablet", "light", 800, true], ["no-script", "light", 1440, false],
  // Stop by stop through the whole page is the same at every width and in every colour.
].map(view => [...view, ["light", "dark-narrow", "no-script"].includes(view[0])]).filter(([name]) => only.length === 0 || only.includes(name));

/** What breaks a rule of accessibility, WCAG's and best practice alike. */
async function violations(page) {
  // In a world of its own, which the page's policy, that forbids every script, does not reach.
  const { cdp, contextId } = await isolated(page);
  const evaluated = await cdp.send("Runtime.evaluate", { contextId, expression: `${axe}; axe.run().then(found => JSON.stringify(found.violations.map(rule => ({ rule: rule.id, nodes: rule.nodes.map(node => node.html.slice(0, 200)) }))))`, awaitPromise: true, returnByValue: true });
  if (evaluated.exceptionDetails) throw new Error(JSON.stringify(evaluated.exceptionDetails).slice(0, 500));
  return JSON.parse(evaluated.result.value);
}

async function isolated(page) {
  const cdp = await page.context().newCDPSession(page);
  const { frameTree } = await cdp.send("Page.getFrameTree");
  const { executionContextId } = await cdp.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  return { cdp, contextId: executionContextId };
}

/** Words that end in one line and go on in the next, other than after a joint of a name. */
const brokenWords = () => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.parentElement.closest("thead")?.offsetHeight <= 1) continue;
    for (const word of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
      // A longer one is none: it is a digest, which no line holds on a narrow screen.
      if (word[0].length > 26) continue;
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].filter(box => box.width > 0).map(box => Math.round(box.top)));
      if (tops.size > 1) found.push(word[0]);
    }
  }
  return found;
};

/** Whatever reaches beyond the window, and is not in a region that scrolls by itself. */
const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

let gateway, browser;
try {
  gateway = await startBusyGateway(program);
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  for (const [name, colorScheme, width, javaScriptEnabled, walks] of views) {
    const context = await browser.newContext({ colorScheme, javaScriptEnabled, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const complaints = [];
    const requested = [];
    page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", error => complaints.push(String(error)));
    page.on("request", request => requested.push(request.url()));
    const save = async part => shots && (mkdirSync(shots, { recursive: true }), await page.screenshot({ path: `${shots}/${name}-${part}.png`, fullPage: true }));

    await page.goto(gateway.url);
    await save("page");
    const text = await page.locator("body").innerText();
    for (const [what, parts] of Object.entries({
      "what is wrong now": ["partner: no keys", "connect", "europe: no exchanges", "status 503", "billing: failing", "wiki: answers 4xx"],
      "traffic of each server": ["serving", "failing", "customer-relationship-management", "43 well", "404: 4"],
      "refusals with who, what and why": ["audience_invalid", "alice@example.com", "tools/call", "create_invoice_for_customer", "result_audience", "experimental-desktop-client", "unexpected audience"],
      "what changed, and since when": ["gateway.json", "Gateway:Servers:weather:RequiredScopes", "backchannel logout", "generation 2", "version"],
    })) {
      const missing = parts.filter(part => !text.includes(part));
      check(`${name}: ${what}`, missing.length === 0, `${missing.join(", ")} not in\n${text}`);
    }

    check(`${name}: two streams are open`, await page.locator("#servers tr", { hasText: "/weather" }).first().locator("td[data-label=Streams]").innerText().then(streams => streams.trim().endsWith("2")));
    if (javaScriptEnabled) {
      check(`${name}: the page does not scroll sideways`, await page.evaluate(overflow) <= 0, `${await page.evaluate(overflow)} px`);
      const beyond = await page.evaluate(() => [...document.querySelectorAll(".scroll")].filter(region => region.scrollWidth > region.clientWidth + 1).map(region => `${region.getAttribute("aria-label")}: ${region.scrollWidth - region.clientWidth} px`));
      check(`${name}: no table is cut`, beyond.length === 0, beyond.join("; "));
      const broken = await page.evaluate(brokenWords);
      check(`${name}: no word is broken`, broken.length === 0, broken.join(", "));
      const [red, green, blue] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
      check(`${name}: the ground is ${colorScheme}`, (red + green + blue < 200) === (colorScheme === "dark"), [red, green, blue].join());
      await page.evaluate(() => document.querySelectorAll("details").forEach(part => part.open = true));
      const found = await violations(page);
      check(`${name}: no violation of accessibility`, found.length === 0, JSON.stringify(found));
      await page.evaluate(() => document.querySelectorAll("details").forEach(part => part.open = false));
    }

    // A reason leads to its place in the guide, and back.
    await page.locator("#refusals a", { hasText: "audience_invalid" }).first().click();
    await page.waitForURL(`${gateway.url}/troubleshooting#audience_invalid`);
    check(`${name}: a reason leads to what helps`, await page.locator("[id=audience_invalid]").evaluate(place => place.getBoundingClientRect().top >= 0 && place.getBoundingClientRect().top < innerHeight));
    if (javaScriptEnabled) {
      check(`${name}: the guide does not scroll sideways`, await page.evaluate(overflow) <= 0, `${await page.evaluate(overflow)} px`);
    }

    if (javaScriptEnabled && walks) {
      const found = await violations(page);
      check(`${name}: no violation of accessibility in the guide`, found.length === 0, JSON.stringify(found).slice(0, 3000));
    }

    await page.goto(gateway.url);

    // By keyboard alone: the skip link first, then on to the form, choose, paste, send.
    await page.keyboard.press("Tab");
    check(`${name}: the first stop is the skip link`, await page.locator(".skip").evaluate(link => link === document.activeElement && link.getBoundingClientRect().left >= 0));
    const seen = [];
    const reach = async selector => {
      if (!walks) await page.locator(selector).focus();
      for (let stops = 0; stops < 300; stops++) {
        const [there, visible] = await page.evaluate(selector => [document.activeElement.matches(selector), getComputedStyle(document.activeElement).outlineStyle !== "none"], selector);
        if (there) return true;
        seen.push(visible);
        await page.keyboard.press("Tab");
      }
      return false;
    };
    check(`${name}: the server can be chosen by keyboard`, await reach("#server"));
    check(`${name}: every stop on the way is seen`, seen.every(Boolean), `${seen.filter(stop => !stop).length} of ${seen.length} are not`);
    await page.keyboard.type("bill");
    check(`${name}: typing chooses it`, await page.locator("#server").inputValue() === "billing", await page.locator("#server").inputValue());
    check(`${name}: the token field is reached`, await reach("#token"));
    await page.keyboard.insertText(gateway.token);
    check(`${name}: the button is reached`, await reach("button"));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${gateway.url}/explain`);
    const outcome = await page.locator(".outcome").innerText();
    check(`${name}: a token of another server is explained`, outcome.includes("refused at billing") && outcome.includes("audience_invalid"), outcome);
    check(`${name}: the token is not on the page`, !(await page.content()).includes(gateway.token.split(".")[2]));
    await save("explained");
    if (javaScriptEnabled && walks) {
      const found = await violations(page);
      check(`${name}: no violation of accessibility in the explanation`, found.length === 0, JSON.stringify(found));
    }

    await page.selectOption("#server", "weather");
    await page.fill("#token", gateway.token);
    await page.click("button");
    await page.waitForLoadState();
    check(`${name}: the right token passes`, (await page.locator(".outcome").innerText()).includes("passes at weather"));

    check(`${name}: no complaint on the console`, complaints.length === 0, complaints.join("; "));
    check(`${name}: nothing is asked of anybody else`, requested.every(address => address.startsWith(gateway.url) || address.startsWith("data:")), requested.join());
    await context.close();
  }

  // The order of headings, and what somebody hears who sees none of it.
  const page = await browser.newPage();
  await page.goto(gateway.url);
  const headings = await page.evaluate(() => [...document.querySelectorAll("h1, h2, h3")].map(heading => Number(heading.tagName[1])));
  check("headings begin at one and leave no level out", headings[0] === 1 && headings.every((level, i) => i === 0 || level <= headings[i - 1] + 1), headings.join());
  check("every table has a caption and headings of columns and rows", await page.evaluate(() => [...document.querySelectorAll("table")].every(table => table.caption && [...table.tHead.querySelectorAll("th")].every(cell => cell.scope === "col") && [...table.tBodies[0].rows].every(row => row.cells[0].scope === "row"))));
  check("regions are named apart", await page.evaluate(() => new Set([...document.querySelectorAll("[role=region]")].map(region => region.getAttribute("aria-label"))).size === document.querySelectorAll("[role=region]").length));

  await gateway.breakConfiguration();
  await page.goto(gateway.url);
  const refused = await page.locator("#now").innerText();
  check("a refused configuration comes first, with its problem", refused.includes("The newest configuration was refused") && refused.includes("PublikUrl"), refused);
  const found = await violations(page);
  check("a refused configuration: no violation of accessibility", found.length === 0, JSON.stringify(found));
  shots && await page.screenshot({ path: `${shots}/refused-configuration.png`, fullPage: true });
} catch (error) {
  check("the run itself", false, error.stack);
} finally {
  await browser?.close();
  gateway?.leave();
  await gateway?.stop();
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
