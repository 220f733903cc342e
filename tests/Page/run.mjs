// The page as an operator meets it: both colour schemes, narrow and wide, by keyboard, without script.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { chromium } from "playwright-core";

const shots = process.argv[2];
let passed = 0, failed = 0;
const check = (name, good, seen = "") => {
  good ? passed++ : failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${name}${good ? "" : `: ${seen}`}`);
};

const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const url = `http://127.0.0.1:${probe.address().port}`;
probe.close();
await once(probe, "close");

const demo = spawn("dotnet", ["../../samples/Demo/bin/Debug/net10.0/Demo.dll"], {
  env: { ...process.env, Gateway__Management__Url: url, Gateway__Management__Page: "true" },
  stdio: ["ignore", "pipe", "inherit"],
});
let browser;
try {
  const token = await new Promise((resolve, reject) => {
    let text = "";
    demo.stdout.on("data", data => {
      text += data;
      const found = text.match(/WEATHER_TOKEN=(\S+)\s/);
      if (found && text.includes("/.well-known/oauth-authorization-server", text.indexOf("Your turn"))) resolve(found[1]);
    });
    demo.on("exit", () => reject(new Error(`The demo ended early:\n${text}`)));
  });

  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  for (const [name, colorScheme, width, javaScriptEnabled] of [["light", "light", 1280, true], ["dark", "dark", 1280, true], ["narrow", "light", 400, true], ["no-script", "light", 1280, false]]) {
    const context = await browser.newContext({ colorScheme, javaScriptEnabled, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const complaints = [];
    const requested = [];
    page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", error => complaints.push(String(error)));
    page.on("request", request => requested.push(request.url()));
    const save = async part => shots && (mkdirSync(shots, { recursive: true }), await page.screenshot({ path: `${shots}/${name}-${part}.png`, fullPage: true }));

    await page.goto(url);
    await save("page");
    const text = await page.locator("body").innerText();
    check(`${name}: servers, refusals and hop tokens are there`, ["weather", "audience_invalid", "result_audience", "Subject digest"].every(part => text.includes(part)), text);
    if (javaScriptEnabled) {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      check(`${name}: the page itself does not scroll sideways`, overflow <= 0, `${overflow} px`);
      const [red, green, blue] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
      check(`${name}: the ground is ${colorScheme}`, (red + green + blue < 200) === (colorScheme === "dark"), [red, green, blue].join());
    }

    // By keyboard alone: the skip link first, then on to the form, choose, paste, send.
    await page.keyboard.press("Tab");
    check(`${name}: the first stop is the skip link`, await page.locator(".skip").evaluate(link => link === document.activeElement));
    const reach = async selector => {
      for (let stops = 0; stops < 60; stops++) {
        if (await page.locator(selector).evaluate(element => element === document.activeElement)) return true;
        await page.keyboard.press("Tab");
      }
      return false;
    };
    check(`${name}: the server can be chosen by keyboard`, await reach("#server"));
    await page.keyboard.type("notes");
    check(`${name}: typing chooses it`, await page.locator("#server").inputValue() === "notes", await page.locator("#server").inputValue());
    check(`${name}: the token field is reached`, await reach("#token"));
    await page.keyboard.insertText(token);
    check(`${name}: the button is reached`, await reach("button"));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${url}/explain`);
    const outcome = await page.locator(".outcome").innerText();
    check(`${name}: a token of another server is explained`, outcome.includes("refused at notes") && outcome.includes("audience_invalid"), outcome);
    check(`${name}: the token is not on the page`, !(await page.content()).includes(token.split(".")[2]));
    await save("explained");

    await page.selectOption("#server", "weather");
    await page.fill("#token", token);
    await page.click("button");
    await page.waitForLoadState();
    check(`${name}: the right token passes`, (await page.locator(".outcome").innerText()).includes("passes at weather"));

    check(`${name}: no complaint on the console`, complaints.length === 0, complaints.join("; "));
    check(`${name}: nothing is asked of anybody else`, requested.every(address => address.startsWith(url) || address.startsWith("data:")), requested.join());
    await context.close();
  }
} catch (error) {
  check("the run itself", false, error.stack);
} finally {
  await browser?.close();
  demo.kill("SIGTERM");
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
