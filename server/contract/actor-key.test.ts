import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actorSubject, actorTarget, parseActorSubject, parseActorTarget } from "./actor-key.ts";

const part = fc.oneof(
  fc.constantFrom("", ":", "%", "%3A", "a:1:b", "%25:", "|", "a|b", "%7C", "0/a|"),
  fc.string({ maxLength: 8 }),
);
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

describe("actorTarget", () => {
  it("is the plain text for plain names", () => {
    expect(actorTarget({ namespace: "game", moduleId: 0, name: "city|7" })).toBe("0/game|city|7");
  });

  it("is read back as the key that it was made of, so no target of a job is taken for another", () => {
    fc.assert(
      fc.property(key, (actor) => {
        expect(parseActorTarget(actorTarget(actor))).toEqual(actor);
      }),
    );
    const bars = ["a|b", "c"] as const;
    expect(actorTarget({ namespace: bars[0], moduleId: 0, name: bars[1] })).not.toBe(
      actorTarget({ namespace: "a", moduleId: 0, name: "b|c" }),
    );
  });

  it("is null for what is no key", () => {
    for (const text of ["", "a", "0/a", "a/b|c", "1000:-7"]) expect(parseActorTarget(text)).toBeNull();
  });
});
