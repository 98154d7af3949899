import { describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { maskEvent } from "#server/contract/mask.ts";
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
    expect(drafts[0]?.body).toMatchObject({
      body: { chars: 50_011, cut: { text: expect.stringMatching(/^x{1000}/) } },
    });
    expect(JSON.stringify(drafts[0]).length).toBeLessThan(20_000);
  });

  it("keep their shape when they are cut, so that what is masked by its key stays masked", async () => {
    const drafts: EventDraft[] = [];
    const secret = { args: ["--password", "canary-1"], env: [{ name: "root_token", value: "canary-2" }] };
    await createEventLog(async (made) => drafts.push(...made)).receive(
      [point(1, { body: { ...secret, numbers: [1, null, true], ["k".repeat(20_000)]: 1 } })],
      signal,
    );
    const event = { ...drafts[0], id: "1", stream: "ingest:agents", seq: "1", observedAt: 0, actor: null } as never;
    expect(drafts[0]?.body).toMatchObject({ body: { cut: { ...secret, numbers: [1, null, true] } } });
    expect(JSON.stringify(maskEvent(event, "operator"))).not.toContain("canary");
  });

  it("wait while another console writes the journal, and are not held for refused", async () => {
    const log = createEventLog(() => Promise.reject(new OpsError("refused", "console b writes it")));
    await expect(log.receive([point(1)], signal)).rejects.toMatchObject({ code: "journal-unavailable" });
  });
});
