import { describe, expect, it } from "vitest";
import { protocolOf, REQUEST_TYPES, type RequestType } from "./protocol.ts";

const E: RequestType = "Execution";
const ALL = REQUEST_TYPES;
const NO_HALT: readonly RequestType[] = [E, "Planning", "Event", "Ping", "Status"];
const JSON_ERA: readonly RequestType[] = [E, "Event", "Ping", "Status"];
const NO_EVENT: readonly RequestType[] = [E, "Ping", "Status"];
const NONE: readonly RequestType[] = [];

const allowed = (schema: number, release: string | null): readonly RequestType[] => {
  const protocol = protocolOf(schema, release);
  return REQUEST_TYPES.filter((type) => protocol.refusalOf(type) === null);
};

describe("what may be sent to a database", () => {
  it.each(Array.from({ length: 27 }, (_, schema) => schema))(
    "schema %i, without a release: only what every release of it understands",
    (schema) => {
      const wanted = schema === 25 ? ALL : schema > 25 || schema < 19 ? NONE : schema >= 22 ? NO_HALT : NO_EVENT;
      expect(allowed(schema, null)).toEqual(wanted);
      expect(protocolOf(schema, null).refusal === null).toBe(wanted.length > 0);
      expect(protocolOf(schema, null).encoding).toBe(schema >= 22 ? "msgpack" : "json");
    },
  );

  it.each<readonly [number, string, readonly RequestType[]]>([
    [25, "2.0", ALL],
    [25, "2.0.0", ALL],
    [25, "2.1", ALL],
    [25, "3.0", NONE],
    [25, "1.9", NONE],
    [24, "1.9", ALL],
    [24, "1.9.3", ALL],
    [24, "1.8", NO_HALT],
    [24, "1.6.4", NO_HALT],
    [24, "1.6", NO_HALT],
    [24, "2.0", NONE],
    [24, "1.6.3", NONE],
    [23, "1.6.1", NO_HALT],
    [23, "1.6.3", NO_HALT],
    [22, "1.6.0", NO_HALT],
    [22, "1.6.1", NONE],
    [21, "1.6", NONE],
    [21, "1.5", NONE],
    [20, "1.5", JSON_ERA],
    [20, "1.5.0", JSON_ERA],
    [20, "1.4.9", JSON_ERA],
    [20, "1.4.8", NO_EVENT],
    [20, "1.4", NO_EVENT],
    [19, "1.4.3", NO_EVENT],
    [19, "1.4", NO_EVENT],
    [19, "1.4.9", NONE],
    [18, "1.3", NONE],
    [18, "1.4", NONE],
    [5, "0.8.0", NONE],
    [25, "newest", NONE],
  ])("schema %i as release %s", (schema, release, wanted) => {
    expect(allowed(schema, release)).toEqual(wanted);
  });

  it("says in the refusal what would have to be known", () => {
    expect(protocolOf(24, null).refusalOf("Halt")).toMatch(/as of Dynflow 1\.9\.0; the release .* is not configured/);
    expect(protocolOf(20, "1.4").refusalOf("Event")).toMatch(
      /as of Dynflow 1\.4\.9; the source is configured as release 1\.4$/,
    );
    expect(protocolOf(24, "2.0").refusal).toContain("has schema 24");
    expect(protocolOf(18, null).refusalOf("Ping")).toContain("schema 19 (Dynflow 1.4) and later");
  });
});
