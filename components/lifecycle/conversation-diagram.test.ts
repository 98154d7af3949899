import { describe, expect, it } from "vitest";
import { type ConversationFacts, conversationOf } from "./conversation-diagram.ts";

const facts = (over: Partial<ConversationFacts> = {}): ConversationFacts => ({
  history: [],
  lock: null,
  waiting: [],
  nameOf: (id) => id,
  ...over,
});
const said = (over: Partial<ConversationFacts>) =>
  conversationOf(facts(over)).lines.map(
    ({ fromName, toName, label, inferred }) => `${fromName} > ${toName}: ${label}${inferred ? " ?" : ""}`,
  );

describe("the conversation of an execution", () => {
  it("knows what the history and the lock say, and infers the rest", () => {
    const history = [{ name: "start execution", worldId: "e1", clock: "06:00:00" }];
    expect(said({ history, lock: { worldId: "e1", clientWorldId: "c", requestId: "c-7" } })).toEqual([
      "c > database: inboxes, locks: Execution 7",
      "database: inboxes, locks > e1: takes its inbox ?",
      "e1 > database: inboxes, locks: ExecutionLock, held now",
      "e1 > c: Accepted ?",
      "e1 > e1: start execution 06:00:00",
    ]);
  });

  it("does not know who had asked once the lock is gone", () => {
    const history = [
      { name: "start execution", worldId: "e1", clock: "06:00:00" },
      { name: "finish execution", worldId: "e1", clock: "06:00:09" },
    ];
    const lines = said({ history });
    expect(lines[0]).toBe("whoever asked > database: inboxes, locks: Execution ?");
    expect(lines.at(-1)).toBe("e1 > whoever asked: Done ?");
    expect(lines.filter((line) => !line.endsWith("?"))).toEqual([
      "e1 > e1: start execution 06:00:00",
      "e1 > e1: finish execution 06:00:09",
    ]);
  });

  it("sends nobody a Done from a world that had died", () => {
    const history = [
      { name: "start execution", worldId: "e1", clock: "06:00:00" },
      { name: "terminate execution", worldId: "e1", clock: "06:01:00" },
    ];
    expect(said({ history }).some((line) => line.includes("Done"))).toBe(false);
  });

  it("does not say that the client itself asked again after its executor had died", () => {
    const history = [
      { name: "start execution", worldId: "e1", clock: "06:00:00" },
      { name: "terminate execution", worldId: "e1", clock: "06:01:00" },
      { name: "start execution", worldId: "e2", clock: "06:01:01" },
    ];
    const lines = said({ history, lock: { worldId: "e2", clientWorldId: "c", requestId: "c-7" } });
    expect(lines).toContain("c > database: inboxes, locks: Execution 7, sent anew in its name ?");
  });

  it("shows what waits, and for whom", () => {
    const waiting = [{ type: "Event", senderId: "c", receiverId: "e1", stepId: 4 }];
    expect(said({ waiting })).toEqual([
      "c > database: inboxes, locks: Event of step 4",
      "database: inboxes, locks > e1: Event waits to be taken",
    ]);
  });

  it("has no word from upstream in what is drawn, and leaves out the oldest of many executions", () => {
    const history = Array.from({ length: 9 }, () => ({ name: "start execution", worldId: "e1", clock: "1" }));
    const { diagram, cut } = conversationOf(facts({ history, nameOf: () => 'x"]; click n0 "javascript:alert(1)"' }));
    expect(cut).toBe(4);
    expect(diagram.source).not.toMatch(/javascript|click/);
    expect(diagram.text).not.toContain('"javascript');
    expect(diagram.source.split("\n")[0]).toBe("sequenceDiagram");
  });
});
