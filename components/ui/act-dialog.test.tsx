// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ActDialog, type Intent } from "./act-dialog.tsx";
import { renderInConsole } from "./render.test-kit.tsx";

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
