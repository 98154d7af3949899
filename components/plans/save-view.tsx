"use client";
import { useId, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { copyText } from "#components/ui/ident.tsx";
import { conditionsOf, parseQuery } from "./plans-query.ts";
import { NAME_MAX_CHARS, READY_VIEWS, type View } from "./saved-views.ts";

interface SaveViewProps {
  readonly search: string;
  /** The view of one's own that this is already. */
  readonly own: View | null;
  /** Tells why it could not be kept; `null` = it is. */
  readonly onSave: (view: View) => string | null;
  readonly onDrop: (name: string) => void;
  readonly onClose: () => void;
}

/** Names the present view for this browser, or gives its link away: the address is the view. */
export function SaveView({ search, own, onSave, onDrop, onClose }: SaveViewProps) {
  const [name, setName] = useState(own?.name ?? "");
  const [said, setSaid] = useState<string | null>(null);
  const field = useId();
  const trimmed = name.trim();
  const refusal =
    trimmed === ""
      ? "Give it a name."
      : READY_VIEWS.some((view) => view.name === trimmed)
        ? "A view that is always there has this name."
        : null;
  const link = () => `${window.location.origin}/plans${search === "" ? "" : `?${search}`}`;
  const save = () => {
    if (refusal !== null) return;
    if (own !== null && own.name !== trimmed) onDrop(own.name);
    const fault = onSave({ name: trimmed, search });
    if (fault === null) onClose();
    else setSaid(fault);
  };
  const conditions = conditionsOf(parseQuery(new URLSearchParams(search)));
  return (
    <Dialog title={own === null ? "Save this view" : "This view"} onClose={onClose}>
      <form
        className="dbody stack-3"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <p className="t2 wrap">
          {conditions.length === 0 ? "Every plan" : conditions.map(({ words }) => words).join(", ")}
        </p>
        <label className="stack-1" htmlFor={field}>
          <span>Name</span>
          <input
            id={field}
            className="field"
            maxLength={NAME_MAX_CHARS}
            value={name}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <p className="small t3 wrap">
          Kept in this browser. A view is its address: send the link to whoever is to see the same.
        </p>
        {said !== null && (
          <p className="small" role="status">
            {said}
          </p>
        )}
        <div className="row">
          <Button primary submit refusal={refusal} onPress={() => undefined}>
            Save view
          </Button>
          <Button
            onPress={async () =>
              setSaid((await copyText(link())) ? "Link copied." : "This browser let nothing be copied.")
            }
          >
            Copy link
          </Button>
          {own !== null && (
            <Button
              onPress={() => {
                onDrop(own.name);
                onClose();
              }}
            >
              Drop view
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
