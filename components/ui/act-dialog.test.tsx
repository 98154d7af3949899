// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { ApprovalFold } from "#server/contract/safety.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { ActDialog, type Intent } from "./act-dialog.tsx";
import { renderInConsole, TEST_NOW } from "./render.test-kit.tsx";

interface Given {
  readonly typed?: string;
  readonly refusal?: string;
  readonly onAct?: (intent: Intent) => Promise<unknown>;
}

function open({ onAct = async () => undefined, ...given }: Given = {}) {
  const act = vi.fn(onAct);
  const onDone = vi.fn();
  const onClose = vi.fn();
  renderInConsole(
    <ActDialog title="Fail over" verb="Fail over 3 keys" onAct={act} onDone={onDone} onClose={onClose} {...given}>
      <p>what is touched</p>
    </ActDialog>,
  );
  return { act, onDone, onClose };
}

const button = () => screen.getByRole("button", { name: "Fail over 3 keys" });
const say = (text: string) => fireEvent.change(screen.getByLabelText(/^Reason/), { target: { value: text } });

describe("ActDialog", () => {
  it("does nothing without a reason, and says so", () => {
    const { act } = open();
    fireEvent.click(button());
    expect(act).not.toHaveBeenCalled();
    expect(button().getAttribute("aria-disabled")).toBe("true");
    expect(screen.getByText("Say why: it goes to the journal.")).toBeTruthy();
  });

  it("wants the name typed exactly", async () => {
    const { act } = open({ typed: "dna@10.0.0.7" });
    say("killed");
    fireEvent.change(screen.getByLabelText(/^Type/), { target: { value: "dna@10.0.0.70" } });
    fireEvent.click(button());
    expect(act).not.toHaveBeenCalled();
    fireEvent.change(screen.getByLabelText(/^Type/), { target: { value: "dna@10.0.0.7" } });
    fireEvent.click(button());
    await waitFor(() => expect(act).toHaveBeenCalledTimes(1));
  });

  it("sends one request however often it is pressed, with a ULID and the trimmed reason", async () => {
    let release: (value: unknown) => void = () => undefined;
    const { act, onDone } = open({
      onAct: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    say("  killed by the kernel ");
    fireEvent.click(button());
    fireEvent.click(button());
    fireEvent.click(button());
    expect(act).toHaveBeenCalledTimes(1);
    expect(act.mock.calls[0]?.[0].reason).toBe("killed by the kernel");
    expect(act.mock.calls[0]?.[0].requestId).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    release(undefined);
    await waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
  });

  it("repeats the same request when there was no answer", async () => {
    const { act } = open({ onAct: () => Promise.reject(new Error("fetch failed")) });
    say("killed");
    fireEvent.click(button());
    await screen.findByText("Outcome not known");
    fireEvent.click(button());
    await waitFor(() => expect(act).toHaveBeenCalledTimes(2));
    expect(act.mock.calls[1]?.[0].requestId).toBe(act.mock.calls[0]?.[0].requestId);
  });

  it("cannot be closed while the answer is awaited", () => {
    const { onClose } = open({ onAct: () => new Promise(() => undefined) });
    say("killed");
    fireEvent.click(button());
    fireEvent.click(screen.getByRole("button", { name: "Close" }));
    fireEvent.keyDown(window, { key: "Escape" });
    expect(onClose).not.toHaveBeenCalled();
  });

  it("closes by Escape before that", () => {
    const { onClose } = open();
    fireEvent.keyDown(window, { key: "Escape" });
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it("shows why it is refused, whatever is typed", () => {
    const { act } = open({ refusal: "Needs 75 s of silence." });
    say("killed");
    fireEvent.click(button());
    expect(act).not.toHaveBeenCalled();
    expect(screen.getByText("Needs 75 s of silence.")).toBeTruthy();
  });
});

describe("an action that takes a second person", () => {
  const APPROVAL = {
    action: "dna.failover.start",
    stream: "dna:eu-1",
    target: "1:2",
    terms: { expectedKeys: 3 },
  } as const;
  const ann = { user: "ann", role: "admin", address: "::1", reason: "it is dead" } as const;

  function openWith(approvals: Readonly<Record<string, Partial<ApprovalFold>>>) {
    const act = vi.fn(async () => undefined);
    const asked = vi.fn(async () => ({ approvalId: "a", until: "2026-11-22T07:07:14.000Z" }));
    const until = epochMs(TEST_NOW + 60_000);
    const base = { ...APPROVAL, title: "dna@a", until, askedBy: ann, askedAt: epochMs(TEST_NOW), decidedAt: null };
    const whole = Object.entries(approvals).map(([id, each]) => [id, { ...base, decidedBy: null, ...each }]);
    renderInConsole(
      <ActDialog
        title="Fail over"
        verb="Fail over 3 keys"
        approval={APPROVAL}
        onAct={act}
        onDone={() => undefined}
        onClose={() => undefined}
      >
        <p>what is touched</p>
      </ActDialog>,
      {
        secondPerson: true,
        folds: { operator: { ...EMPTY_OPERATOR, approvals: Object.fromEntries(whole) } },
        procedures: { "safety.approvals.ask": asked },
      },
    );
    return { act, asked };
  }

  it("asks for one instead of acting, with the reason", async () => {
    const { act, asked } = openWith({});
    say("it is dead");
    fireEvent.click(screen.getByRole("button", { name: "Ask a second person" }));
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    expect(asked.mock.calls[0]).toMatchObject([{ ...APPROVAL, reason: "it is dead" }]);
    expect(act).not.toHaveBeenCalled();
  });

  it("waits as long as nobody has answered, and refuses whoever agreed", () => {
    openWith({ a: { state: "asked" } });
    expect(button().getAttribute("aria-disabled")).toBe("true");
    expect(screen.getByText(/nobody has answered yet/)).toBeTruthy();
    cleanup();
    openWith({ a: { state: "granted", decidedBy: { ...ann, user: "mira" } } });
    expect(screen.getByText(/You agreed to it/)).toBeTruthy();
  });

  it("acts once another person has agreed, and not on an agreement that has run out", async () => {
    const { act } = openWith({ a: { state: "granted", decidedBy: { ...ann, user: "bob" } } });
    say("it is dead");
    expect(screen.getByText("bob has agreed.")).toBeTruthy();
    fireEvent.click(button());
    await waitFor(() => expect(act).toHaveBeenCalledTimes(1));
    cleanup();
    openWith({ a: { state: "granted", decidedBy: { ...ann, user: "bob" }, until: epochMs(TEST_NOW - 1_000) } });
    expect(screen.getByRole("button", { name: "Ask a second person" })).toBeTruthy();
  });

  it("does not act on an agreement to something else: says what differs, and asks anew", async () => {
    const { act, asked } = openWith({
      a: { state: "granted", decidedBy: { ...ann, user: "bob" }, terms: { expectedKeys: 4 } },
    });
    say("it is dead");
    expect(screen.getByText(/bob agreed to something else/)).toBeTruthy();
    expect(screen.getByText("Keys it holds, as counted: agreed to “4”, now “3”")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Ask a second person" }));
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    expect(asked.mock.calls[0]).toMatchObject([{ ...APPROVAL, reason: "it is dead" }]);
    expect(act).not.toHaveBeenCalled();
  });
});
