import { errors, types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { readCasAnswer, readCasFailure } from "./cas.ts";
import { OutOfTime } from "./driver-errors.ts";

const { responseErrorCodes: codes } = types;
const OWNER = { node_created: new Date(1_795_300_000_123), node_id: 7n };

function answer(rows: readonly Readonly<Record<string, unknown>>[] | undefined): types.ResultSet {
  const first = () => rows?.[0] ?? null;
  return { rows, first, wasApplied: () => true } as unknown as types.ResultSet;
}

describe("the answer to a conditional statement", () => {
  it.each([
    ["Cassandra: applied", [{ "[applied]": true }], { kind: "applied" }],
    ["ScyllaDB: applied, with the old row", [{ "[applied]": true, ...OWNER }], { kind: "applied" }],
    ["ScyllaDB: applied, nothing was there", [{ "[applied]": true, node_created: null }], { kind: "applied" }],
  ])("%s", (_case, rows, outcome) => {
    expect(readCasAnswer(answer(rows), 1)).toEqual(outcome);
  });

  it("tells the owner of a refused statement, and none for a refused batch, whose rows have no order", () => {
    const refused = answer([{ "[applied]": false, ...OWNER }]);
    expect(readCasAnswer(refused, 1)).toEqual({
      kind: "rejected",
      owner: { createdAt: 1_795_300_000_123, id: 7n },
    });
    expect(readCasAnswer(refused, 2)).toEqual({ kind: "rejected", owner: "not-told" });
  });

  it.each([
    ["no rows at all", undefined],
    ["no row", []],
    ["a row without [applied]", [{ ...OWNER }]],
    ["an empty [applied]", [{ "[applied]": null }]],
    ["an [applied] that is no boolean", [{ "[applied]": "true" }]],
  ])("is unknown with %s, whatever the driver's wasApplied() says", (_case, rows) => {
    expect(readCasAnswer(answer(rows), 1)).toMatchObject({ kind: "unknown" });
  });
});

describe("the failure of a conditional statement", () => {
  const socketError = Object.assign(new Error("read ECONNRESET"), { isSocketError: true });
  it.each([
    ["our limit", new OutOfTime("6 s")],
    ["the driver's limit", new errors.OperationTimedOutError("2 s")],
    ["a lost connection", socketError],
    ["a closed connection", new errors.DriverInternalError("Connection closed")],
    ["a CAS write time-out", new errors.ResponseError(codes.writeTimeout, "timeout")],
    ["a read time-out", new errors.ResponseError(codes.readTimeout, "timeout")],
    ["CAS write unknown", new errors.ResponseError(0x1700, "unknown")],
    ["a write failure", new errors.ResponseError(codes.writeFailure, "failure")],
    ["a server error", new errors.ResponseError(codes.serverError, "bug")],
    [
      "unavailable, which Cassandra may throw while it commits",
      new errors.ResponseError(codes.unavailableException, ""),
    ],
    ["overloaded, likewise", new errors.ResponseError(codes.overloaded, "hints")],
  ])("is unknown after %s", (_case, cause) => {
    expect(readCasFailure(cause)).toMatchObject({ kind: "unknown", reason: expect.any(String) });
  });

  it.each([
    ["no host was reached", new errors.NoHostAvailableError({}), "upstream-unavailable"],
    ["all connections are busy", new errors.BusyConnectionError("a", 1, 1), "upstream-unavailable"],
    ["it may not write", new errors.ResponseError(codes.unauthorized, "no"), "upstream-unavailable"],
    ["there is no such table", new errors.ResponseError(codes.invalid, "unconfigured table"), "upstream-malformed"],
    ["it is not CQL", new errors.ResponseError(codes.syntaxError, "no"), "upstream-malformed"],
  ])("is thrown when it was certainly not applied: %s", (_case, cause, code) => {
    expect(() => readCasFailure(cause)).toThrow(expect.objectContaining({ code, cause }));
    expect(() => readCasFailure(cause)).toThrow(OpsError);
  });

  it("lets a bug of ours through as it is", () => {
    const bug = new TypeError("not a string");
    expect(() => readCasFailure(bug)).toThrow(bug);
  });
});
