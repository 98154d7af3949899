import { describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createEventLog } from "./event-log.ts";
import { point } from "./metric-store.contract.ts";

const signal = new AbortController().signal;

describe("items in the journal", () => {
  it("have an id of agent, boot and number, so that the same one is one event", async () => {
    const drafts: EventDraft[] = [];
    const log = createEventLog(async (made) => drafts.push(...made));
    await log.receive([point(1, { agentId: "a:b" }), point(1, { agentId: "a", bootId: "b:b1" })], signal);
    expect(drafts.map(({ id }) => id)).toEqual(["agent:a%3Ab:b1:1", "agent:a:b%3Ab1:1"]);
    expect(drafts[0]).toMatchObject({
      kind: "agent.message",
      subject: "a:b",
      body: { seq: 1, type: "system_metrics" },
    });
  });

  it("are cut when they are larger than an event is to be, and say so", async () => {
    const drafts: EventDraft[] = [];
    await createEventLog(async (made) => drafts.push(...made)).receive(
      [point(1, { body: { text: "x".repeat(50_000) } })],
      signal,
    );
    expect(drafts[0]?.body).toMatchObject({ body: { chars: 50_011, cut: expect.stringMatching(/^\{"text":"x/) } });
    expect(JSON.stringify(drafts[0]).length).toBeLessThan(20_000);
  });

  it("wait while another console writes the journal, and are not held for refused", async () => {
    const log = createEventLog(() => Promise.reject(new OpsError("refused", "console b writes it")));
    await expect(log.receive([point(1)], signal)).rejects.toMatchObject({ code: "journal-unavailable" });
  });
});
