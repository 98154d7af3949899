"use client";
import { useId } from "react";

interface ButtonProps {
  readonly children: React.ReactNode;
  readonly onPress: () => void;
  /** The key that does the same, shown on it. */
  readonly shortcut?: string | undefined;
  readonly primary?: boolean;
  readonly small?: boolean;
  /**
   * Why it cannot be pressed now; `null` = it can. The button stays, can be focused, and says so; where the reason is
   * shown beside it already, give its id as `reasonId`.
   */
  readonly refusal?: string | null | undefined;
  readonly reasonId?: string | undefined;
  readonly submit?: boolean;
  readonly pressed?: boolean;
}

/** A verb with its object. Ink, never coloured. */
export function Button(props: ButtonProps) {
  const {
    children,
    onPress,
    shortcut,
    primary = false,
    small = false,
    refusal = null,
    reasonId,
    submit = false,
  } = props;
  const ownId = useId();
  const refused = refusal !== null;
  const describedBy = refused ? (reasonId ?? ownId) : undefined;
  return (
    <>
      <button
        type={submit ? "submit" : "button"}
        className={`btn${primary ? " primary" : ""}${small ? " sm" : ""}`}
        aria-disabled={refused || undefined}
        aria-describedby={describedBy}
        aria-pressed={props.pressed}
        aria-keyshortcuts={shortcut}
        title={refusal ?? undefined}
        onClick={(event) => {
          if (refused) event.preventDefault();
          else onPress();
        }}
      >
        {children}
        {shortcut !== undefined && (
          <span aria-hidden="true">
            <kbd>{shortcut}</kbd>
          </span>
        )}
      </button>
      {refused && reasonId === undefined && (
        <span id={ownId} className="vh">
          {refusal}
        </span>
      )}
    </>
  );
}

interface ActionProps {
  readonly label: React.ReactNode;
  readonly shortcut?: string;
  readonly onPress: () => void;
  /** Why not; `null` = possible. Shown beside the button in place of the evidence. */
  readonly refusal: string | null;
  /** `Not yet.`, `Not offered.`, `Not permitted.`: what kind of no it is. */
  readonly refusedAs?: string;
  /** What it would do, beside the button. */
  readonly children: React.ReactNode;
}

/** An action beside its evidence: a disabled one says why and, if it can, when it will be possible. */
export function Action({ label, shortcut, onPress, refusal, refusedAs = "Not now.", children }: ActionProps) {
  const id = useId();
  return (
    <div className="act">
      <div className="act-b">
        <Button onPress={onPress} refusal={refusal} reasonId={id} shortcut={shortcut}>
          {label}
        </Button>
      </div>
      <div id={id}>
        {refusal === null ? (
          children
        ) : (
          <>
            <b>{refusedAs}</b> {refusal}
          </>
        )}
      </div>
    </div>
  );
}
