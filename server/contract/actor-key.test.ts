import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actorSubject, parseActorSubject } from "./actor-key.ts";

const part = fc.oneof(fc.constantFrom("", ":", "%", "%3A", "a:1:b", "%25:"), fc.string({ maxLength: 8 }));
const key = fc.record({
  namespace: part,
  moduleId: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  name: part,
});

describe("actorSubject", () => {
  it("is the plain text for plain names", () => {
    expect(actorSubject({ namespace: "game", moduleId: 0, name: "city:7" })).toBe("game:0:city:7");
  });

  it("is read back as the key that it was made of, so no two keys share one", () => {
    fc.assert(
      fc.property(key, ({ namespace, moduleId, name }) => {
        const actor = { namespace, moduleId, name };
        expect(parseActorSubject(actorSubject(actor))).toEqual(actor);
      }),
    );
  });

  it("is null for what is no key", () => {
    for (const text of ["", "a", "a:b", "a:b:c", "a:1"]) expect(parseActorSubject(text)).toBeNull();
  });
});
