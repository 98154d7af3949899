import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { encodePayload } from "./codec/payload.ts";
import { EXECUTOR_WORLD_CLASS, worldOf } from "./domain/records.ts";
import { type OpenedTables, type OpenTables, uuid } from "./dynflow-tables.contract.ts";

const SENDER = uuid(1);
const RECEIVER = uuid(2);
const OTHER = uuid(3);

function execution(receiverId: string, number: number): Uint8Array {
  const bytes = encodeEnvelope({
    requestId: `${SENDER}-${number}`,
    senderId: SENDER,
    receiverId,
    message: { type: "Execution", planId: uuid(16) },
  });
  if (!bytes.ok) throw new Error(bytes.reason);
  return bytes.value;
}

/** What every `DynflowStore` promises of worlds and of envelopes that wait. Run against each adapter. */
export function dynflowWorldsContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract, worlds and envelopes: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());
    const put = (receiver_id: string, data: Uint8Array) => tables.insert("dynflow_envelopes", { receiver_id, data });

    it("tell the name of a world's host as Ruby stores it: text without an encoding, which is bytes", async () => {
      const world = { class: EXECUTOR_WORLD_CLASS, id: SENDER, meta: { hostname: { $bytes: "dm0=" } }, active: true };
      const key = { class: EXECUTOR_WORLD_CLASS, id: SENDER };
      await tables.insert("dynflow_coordinator_records", { ...key, data: encodePayload(world) });
      const [record] = await tables.store.records([key]);
      expect(record === undefined ? null : worldOf(record)).toMatchObject({ hostname: "vm", state: "active" });
    });

    it("none wait", async () => {
      expect(await tables.store.envelopes(null, 10)).toEqual({ receivers: [], countedAll: true, envelopes: [] });
    });

    it("are counted by receiver, in order of the first that waits, and told in order of id", async () => {
      await put(OTHER, execution(OTHER, 1));
      for (const number of [2, 3, 4]) await put(RECEIVER, execution(RECEIVER, number));
      const all = await tables.store.envelopes(null, 3);
      expect(all.receivers).toEqual([
        { receiverId: OTHER, count: 1 },
        { receiverId: RECEIVER, count: 3 },
      ]);
      expect(all.envelopes.map(({ said }) => said.ok && said.value.requestId)).toEqual(
        [1, 2, 3].map((number) => `${SENDER}-${number}`),
      );
      const ofOne = await tables.store.envelopes(RECEIVER, 10);
      expect(ofOne.envelopes.map(({ said }) => said.ok && said.value)).toMatchObject(
        [2, 3, 4].map((number) => ({ requestId: `${SENDER}-${number}`, type: "Execution", planId: uuid(16) })),
      );
      expect(ofOne.receivers).toHaveLength(2);
    });

    it("that cannot be decoded are told with the reason and their first bytes", async () => {
      await put(RECEIVER, Uint8Array.from([0xc1, 0xff, 0x00]));
      const { envelopes } = await tables.store.envelopes(null, 10);
      expect(envelopes).toMatchObject([{ receiverId: RECEIVER, bytes: 3, head: "c1ff00", said: { ok: false } }]);
    });

    it("of a receiver that is no world id are none", async () => {
      expect((await tables.store.envelopes("'; drop table dynflow_envelopes; --", 10)).envelopes).toEqual([]);
    });
  });
}
