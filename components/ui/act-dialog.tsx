"use client";
import { useId, useRef, useState } from "react";
import { ulid } from "ulid";
import type { ApprovalFold } from "#server/contract/safety.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { type FaultView, faultOf } from "./fault.ts";
import { NOT_LIVE, useIsPast } from "./instants.ts";
import { type ApprovalAsked, type SecondPerson, secondPersonText, useSecondPerson } from "./second-person.ts";
import { Failure } from "./widget.tsx";

/** As the server asks it; see `contract/wire/common.ts`. */
const REASON_MIN = 3;
const REASON_MAX = 500;

export interface Intent {
  readonly reason: string;
  /** The same for every press of the same intention: pressed twice it is one request. */
  readonly requestId: string;
}

interface ActDialogProps {
  readonly title: React.ReactNode;
  readonly sub?: React.ReactNode;
  /** Verb, object and count: `Resume plan 7be1…1b80`. */
  readonly verb: string;
  readonly wide?: boolean;
  /** Text to be typed before the button works; `null` = none. */
  readonly typed?: string | null;
  /** Why it cannot be done now; `null` = it can. */
  readonly refusal?: string | null;
  /** What takes a second person where that is set; left out = it never does. */
  readonly approval?: ApprovalAsked | null;
  /** Sends it. Resolves when the server has answered; the dialog closes itself then through `onDone`. */
  readonly onAct: (intent: Intent) => Promise<unknown>;
  readonly onDone: () => void;
  readonly onClose: () => void;
  /** What will be touched, why it is possible, what remains. */
  readonly children: React.ReactNode;
}

/**
 * Every action of an operator goes through this: it says what will be touched, takes a reason, asks for typed
 * confirmation where that is due, and sends one request however often it is pressed.
 */
export function ActDialog(props: ActDialogProps) {
  const {
    title,
    sub,
    verb,
    wide = false,
    typed = null,
    refusal = null,
    approval = null,
    onAct,
    onDone,
    onClose,
    children,
  } = props;
  const [reason, setReason] = useState("");
  const [typedText, setTypedText] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<FaultView | null>(null);
  const requestId = useRef<string | null>(null);
  const underWay = useRef(false);
  const ids = { reason: useId(), typed: useId(), note: useId() };

  const past = useIsPast();
  const second = useSecondPerson(approval);
  const asks = second.kind === "to-ask";
  const missing =
    (past ? NOT_LIVE : refusal) ??
    secondPersonText(second) ??
    (reason.trim().length < REASON_MIN
      ? "Say why: it goes to the journal."
      : typed !== null && !asks && typedText !== typed
        ? `Type ${typed} to confirm.`
        : null);

  async function act() {
    if (underWay.current || missing !== null) return;
    underWay.current = true;
    setBusy(true);
    setFault(null);
    requestId.current ??= ulid();
    try {
      const intent = { reason: reason.trim(), requestId: requestId.current };
      if (second.kind === "to-ask") {
        await second.ask(intent);
        requestId.current = null;
        return;
      }
      await onAct(intent);
      onDone();
    } catch (error) {
      const view = faultOf(error);
      // An answer ends this request: the next press is another one. No answer does not.
      if (view.code !== "NO_ANSWER") requestId.current = null;
      setFault(view);
    } finally {
      underWay.current = false;
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} sub={sub} onClose={onClose} busy={busy} wide={wide}>
      {children}
      <footer role="none">
        <div className={typed === null ? "whole" : ""}>
          <label className="fl" htmlFor={ids.reason}>
            Reason <span className="t3">goes to the journal for good; no personal data</span>
          </label>
          <input
            id={ids.reason}
            data-first
            className="field"
            value={reason}
            maxLength={REASON_MAX}
            autoComplete="off"
            onChange={(event) => setReason(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") void act();
            }}
          />
        </div>
        {typed !== null && (
          <div>
            <label className="fl" htmlFor={ids.typed}>
              Type <bdi className="mono">{typed}</bdi>
            </label>
            <input
              id={ids.typed}
              className="field mono"
              value={typedText}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTypedText(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter") void act();
              }}
            />
          </div>
        )}
        {fault !== null && (
          <div className="whole">
            <Failure
              title={
                fault.code === "NO_ANSWER"
                  ? "Outcome not known"
                  : fault.code === "CONFLICT"
                    ? "The world has moved"
                    : "Not done"
              }
              message={
                fault.code === "NO_ANSWER"
                  ? `${fault.message}. Pressing again repeats the same request, not a second one.`
                  : fault.message
              }
            >
              {fault.reasons.map((text) => (
                <p key={text} className="t2 wrap">
                  {text}
                </p>
              ))}
            </Failure>
          </div>
        )}
        {second.kind === "to-ask" && second.instead !== null && <Instead {...second.instead} />}
        <div className="go">
          <span className="small t3 why" id={ids.note} aria-live="polite">
            {busy ? "Sent, waiting for the answer." : (missing ?? noteOf(second))}
          </span>
          <Button onPress={onClose} shortcut="Esc" refusal={busy ? "The answer is still awaited." : null}>
            Back
          </Button>
          <Button primary onPress={() => void act()} refusal={busy ? "Sent already." : missing} reasonId={ids.note}>
            {asks ? "Ask a second person" : verb}
          </Button>
        </div>
      </footer>
    </Dialog>
  );
}

const MOVED_SHOWN = 5;

/** Somebody was asked, but about something else: what differs, so that it can be put back. */
function Instead({ approval, moved }: { readonly approval: ApprovalFold; readonly moved: readonly string[] }) {
  const { state, decidedBy, askedBy } = approval;
  const who =
    state === "granted"
      ? `${decidedBy?.user ?? "Somebody"} agreed to something else`
      : `${askedBy?.user ?? "Somebody"} asked about something else`;
  return (
    <div className="whole warn small">
      <p>{who}. Put it back, or ask anew: the question before then counts no more.</p>
      <ul>
        {moved.slice(0, MOVED_SHOWN).map((text) => (
          <li key={text} className="wrap">
            <bdi>{text}</bdi>
          </li>
        ))}
        {moved.length > MOVED_SHOWN && <li>and {moved.length - MOVED_SHOWN} more</li>}
      </ul>
    </div>
  );
}

function noteOf(second: SecondPerson): string {
  if (second.kind === "to-ask") return "It takes a second person here: the question shows on everybody's overview.";
  if (second.kind === "agreed") return `${second.approval.decidedBy?.user ?? "A second person"} has agreed.`;
  return "Recorded as op.requested before anything is sent.";
}
