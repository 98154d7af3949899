/** What every answer says to a browser about what may run, and who may ask. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });
const PAGES = ["/", "/topology", "/actors", "/plans", "/worlds", "/journal", "/jobs", "/login", "/nowhere"];

const directivesOf = (policy: string): ReadonlyMap<string, string> =>
  new Map(policy.split("; ").map((part) => [part.split(" ", 1)[0] ?? "", part.slice(part.indexOf(" ") + 1)]));

test("each page forbids everything but its own scripts, by a nonce that is never the same", async ({ served }) => {
  const nonces = new Set<string>();
  for (const path of PAGES) {
    const answer = await fetch(served.url + path);
    const policy = answer.headers.get("content-security-policy") ?? "";
    const directives = directivesOf(policy);
    expect(policy, path).not.toMatch(/unsafe-inline|unsafe-eval|\*|https?:/);
    expect(directives.get("default-src"), path).toBe("'self'");
    expect(directives.get("object-src"), path).toBe("'none'");
    expect(directives.get("base-uri"), path).toBe("'none'");
    expect(directives.get("frame-ancestors"), path).toBe("'none'");
    expect(answer.headers.get("x-content-type-options"), path).toBe("nosniff");
    const nonce = /'nonce-([^']+)'/.exec(directives.get("script-src") ?? "")?.[1] ?? "";
    expect(nonce.length, path).toBeGreaterThanOrEqual(16);
    nonces.add(nonce);
    const scripts = (await answer.text()).match(/<script\b[^>]*>/g) ?? [];
    expect(scripts.length, path).toBeGreaterThan(0);
    for (const script of scripts) expect(script, path).toContain(`nonce="${nonce}"`);
  }
  expect(nonces.size).toBe(PAGES.length);
});

test("the frame for diagrams is sandboxed by its own answer too", async ({ served }) => {
  const answer = await fetch(`${served.url}/diagram`);
  const policy = answer.headers.get("content-security-policy") ?? "";
  const directives = directivesOf(policy);
  expect(policy).toContain("sandbox allow-scripts");
  expect(policy).not.toContain("allow-same-origin");
  expect(directives.get("default-src")).toBe("'none'");
  expect(directives.has("connect-src")).toBe(false);
  expect(directives.get("frame-ancestors")).toBe("'self'");
});

test("a script that got into a page after all does not run, and cannot be loaded from elsewhere", async ({
  browser,
  served,
}) => {
  const { page, faults, context } = await visit(browser, served.url);
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.evaluate(() => {
    const inline = document.createElement("div");
    inline.innerHTML = "<img src=x onerror=\"document.title='run'\">";
    document.body.append(inline);
    const image = document.createElement("img");
    image.src = "https://evil.example/a.png";
    document.body.append(image);
  });
  await expect.poll(() => faults().filter((fault) => fault.includes("policy:")).length).toBeGreaterThanOrEqual(2);
  await expect(page).not.toHaveTitle("run");
  await context.close();
});

test("other origins and other hosts are refused by every door", async ({ served }) => {
  const { port } = new URL(served.url);
  const call = `${served.url}/api/trpc/demo.scenario`;
  const foreign = await fetch(call, {
    method: "POST",
    headers: { origin: "https://evil.example", "content-type": "application/json" },
    body: "{}",
  });
  expect(foreign.status).toBe(403);
  const crossSite = await fetch(`${served.url}/api/live`, { headers: { "sec-fetch-site": "cross-site" } });
  expect(crossSite.status).toBe(403);
  const { request } = await import("node:http");
  for (const path of ["/", "/api/trpc/overview.get", "/api/live", "/readyz"]) {
    const status = await new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, headers: { host: `evil.example:${port}` } }, (answer) => {
        resolve(answer.statusCode);
        answer.destroy();
      });
      sent.once("error", reject);
      sent.end();
    });
    expect(status, path).toBe(421);
  }
});
