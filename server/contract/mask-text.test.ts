import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { DEFAULT_MASK_RULES, maskRulesOf } from "./mask-rules.ts";
import { maskFreeText } from "./mask-text.ts";

const mask = (text: string) => maskFreeText(DEFAULT_MASK_RULES, text);

describe("free text", () => {
  it.each([
    ["password=hunter2", "password=••••"],
    ["PASSWORD=hunter2&user=ann", "PASSWORD=••••&user=ann"],
    ['{"password":"hunter2","host":"a"}', '{"password":"••••","host":"a"}'],
    ['{\\"api_token\\":\\"hun\\\\\\"ter2\\",\\"host\\":\\"a\\"}', '{\\"api_token\\":\\"••••\\",\\"host\\":\\"a\\"}'],
    ['{:password=>"hunter2", :host=>"a"}', '{:password=>"••••", :host=>"a"}'],
    ["root_password: hunter two words", "root_password: ••••"],
    ["password: hunter2, host: a", "password: ••••, host: a"],
    ["client_secret => 'hunter2' rest", "client_secret => '••••' rest"],
    ["curl --token hunter2 https://a", "curl --token •••• https://a"],
    ['params["password"] = "hunter2"', 'params["password"] = "••••"'],
    ['"secrets": ["hunter2", "b]"] end', '"secrets": •••• end'],
    ["<root_password>hunter2</root_password>", "<root_password>••••</root_password>"],
    ["cannot open https://ann:hunter2@host/path", "cannot open https://ann:••••@host/path"],
    ["amqp://ann:hu@nter2@host:5671", "amqp://ann:••••@host:5671"],
    ["Authorization: Bearer hunter2.abc-_", "Authorization: Bearer ••••"],
    ["Authorization: Basic YW5uOmh1bnRlcjI=", "Authorization: Basic ••••"],
    ["q=password%3Dhunter2%26x", "q=password%3D••••"],
    ['password="hunter2 and no end', 'password="••••'],
  ])("hides what stands beside a masked key: %s", (text, shown) => {
    expect(mask(text)).toBe(shown);
  });

  it.each([
    "Actions::Token::Refresh failed",
    "/app/lib/token.rb:42:in 'Token#call'",
    "The password was wrong",
    "Basic authentication failed",
    "https://host:8443/path",
    "no key at all",
    "",
  ])("leaves alone what is no value of a key: %s", (text) => {
    expect(mask(text)).toBe(text);
  });

  it("takes the configured words only, whatever characters they hold", () => {
    const rules = maskRulesOf(["api.key", "p(w"]);
    expect(maskFreeText(rules, "api.key=a apixkey=b p(w=c password=d")).toBe(
      "api.key=•••• apixkey=b p(w=•••• password=d",
    );
    expect(maskFreeText(maskRulesOf([]), "password=a")).toBe("password=a");
  });

  it("keeps no value of a key, whatever stands around it", () => {
    const noise = fc.string({
      unit: fc.constantFrom("a", " ", '"', "'", "{", "}", ",", ":", "=", "\n", "\\", ">"),
      maxLength: 12,
    });
    const key = fc.constantFrom("password", "my_TOKEN", "Secret-key", "user.password");
    const frame = fc.constantFrom(
      (k: string, v: string) => `${k}=${v}`,
      (k: string, v: string) => `"${k}":"${v}"`,
      (k: string, v: string) => `${k}: ${v}`,
      (k: string, v: string) => `:${k}=>"${v}"`,
      (k: string, v: string) => `--${k} ${v}`,
    );
    fc.assert(
      fc.property(noise, key, frame, noise, (before, k, written, after) => {
        expect(mask(`${before} ${written(k, "canary7f3a")} ${after}`)).not.toContain("canary7f3a");
      }),
      { numRuns: 3_000 },
    );
  });

  it("hides for good: what was masked is masked no further", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("password", "token", "=", ":", '"', "a", "b", " ", ",", "\n", "//", "@"), {
          maxLength: 20,
        }),
        (parts) => {
          const once = mask(parts.join(""));
          expect(mask(once).replaceAll("•", "")).toBe(once.replaceAll("•", ""));
        },
      ),
      { numRuns: 3_000, examples: [[["//", "password", ":", ":", "@"]]] },
    );
  });

  it.each([
    "password",
    "token=",
    '"secret":"',
    "//a:",
    "token ",
    "bearer ",
    "password[",
    "token=>",
    "secret\\",
    "<token",
  ])("needs time in proportion to the text: %s a hundred thousand times over", (part) => {
    const text = part.repeat(100_000 / part.length);
    expect(workMs(() => void mask(text))).toBeLessThan(1_000);
  });
});
