"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatNumber, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Count } from "#components/ui/table.tsx";
import { oldRefusal } from "#components/ui/unread-dialog.tsx";
import type { ClaimTargetView } from "#server/contract/wire/dna-failover.ts";
import {
  choiceRefusal,
  chosenTargets,
  expectedKeys,
  type FailoverMode,
  suggested,
  taking,
  toggled,
  WEIGHT_MAX,
  type Weights,
  weighted,
} from "./claim-choice.ts";
import "./failover.css";

/** Rows that are drawn: who chooses among more chooses all or none of the rest. */
const ROWS_MAX = 200;

interface Offer {
  readonly targets: readonly ClaimTargetView[];
  readonly targetsLeftOut: number;
  readonly claimRefusal: string | null;
}

export interface FailoverChoice {
  readonly mode: FailoverMode;
  readonly weights: Weights;
  choose(mode: FailoverMode): void;
  setWeights(weights: Weights): void;
  /** Why it cannot be sent as it stands; `null` = it can. */
  refusal(offer: Offer): string | null;
  /** As the server takes it. */
  targets(): ReturnType<typeof chosenTargets>;
}

/** Begins with releasing; whoever gives keys away begins with all that may be given some. */
export function useFailoverChoice(offer: Offer | null): FailoverChoice {
  const [mode, setMode] = useState<FailoverMode>("release");
  const [weights, setWeights] = useState<Weights>(new Map());
  return {
    mode,
    weights,
    choose(next) {
      setMode(next);
      if (next === "claim" && weights.size === 0 && offer !== null) setWeights(suggested(offer.targets));
    },
    setWeights,
    refusal: (of) => choiceRefusal(mode, weights, of),
    targets: () => chosenTargets(mode, weights),
  };
}

/** Why no failover can be sent, the first reason of all; `old`: what is shown could not be read again. */
export function useFailoverRefusal(
  choice: FailoverChoice,
  preview: Offer & { readonly refusals: readonly string[] },
  old: boolean,
): string | null {
  return useRefusal("dna:failover", oldRefusal(old) ?? preview.refusals[0] ?? choice.refusal(preview));
}

interface FailoverChoiceProps {
  readonly choice: FailoverChoice;
  readonly offer: Offer;
  /** Keys there are to give; `null` = not counted. */
  readonly keys: number | null;
  /** How they are called here: `The keys` or `The key`. */
  readonly what: "keys" | "key";
}

/** Release, or give to chosen nodes: what each means, and who gets how much. */
export function FailoverChoiceSection({ choice, offer, keys, what }: FailoverChoiceProps) {
  const one = what === "key";
  return (
    <>
      <h3 className={one ? undefined : "gap"}>What becomes of {one ? "it" : "them"}</h3>
      <p className="small t2 n">
        <b className="strong">Not needed for recovery.</b> DNA takes {one ? "the key" : "every key"} over by itself with
        the next message to it. It clears the register, or spreads the load before the messages come.
      </p>
      <fieldset className="fo-modes">
        <legend className="vh">What becomes of {one ? "the key" : "the keys"}</legend>
        <label className="row">
          <input
            type="radio"
            name="failover-mode"
            checked={choice.mode === "release"}
            onChange={() => choice.choose("release")}
          />
          <span>
            Release <span className="t3">the next message to {one ? "it" : "a key"} claims it, wherever it enters</span>
          </span>
        </label>
        <label className="row">
          <input
            type="radio"
            name="failover-mode"
            checked={choice.mode === "claim"}
            onChange={() => choice.choose("claim")}
          />
          <span>
            Give to chosen nodes{" "}
            <span className="t3">each starts an instance with the next message to a key; no instance is moved</span>
          </span>
        </label>
      </fieldset>
      {choice.mode === "claim" && <Targets choice={choice} offer={offer} keys={keys} />}
    </>
  );
}

function Targets({ choice, offer, keys }: Omit<FailoverChoiceProps, "what">) {
  const { weights } = choice;
  const { targets } = offer;
  if (offer.claimRefusal !== null) return <p className="warn small">{offer.claimRefusal}</p>;
  const shown = targets.slice(0, ROWS_MAX);
  const chosen = taking(targets, weights).length;
  return (
    <div className="fo-targets">
      <p className="row wrap-row small t3">
        <span aria-live="polite">{plural(chosen, "node")} chosen</span>
        <Button small onPress={() => choice.setWeights(suggested(targets))}>
          All, by load
        </Button>
        <Button small onPress={() => choice.setWeights(new Map())}>
          None
        </Button>
      </p>
      <div className="fo-scroll">
        <table className="tight" aria-label="Nodes that keys can be given to">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">state</th>
              <th scope="col" className="num p2">
                load
              </th>
              <th scope="col" className="num p2">
                runs
              </th>
              <th scope="col" className="num p2">
                owns
              </th>
              <th scope="col" className="num">
                weight
              </th>
              <th scope="col" className="num">
                gets about
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((target) => (
              <TargetRow key={target.incarnation} choice={choice} target={target} targets={targets} keys={keys} />
            ))}
          </tbody>
        </table>
      </div>
      {targets.length > shown.length && (
        <p className="small t3">{plural(targets.length - shown.length, "more node")} not drawn: chosen with all.</p>
      )}
      {offer.targetsLeftOut > 0 && (
        <p className="small t3">{plural(offer.targetsLeftOut, "more node")} cannot be chosen here.</p>
      )}
      <p className="small t3">
        Which node gets a key follows from its name and the weights alone, also after a restart. A node that falls late
        meanwhile is left out; when none is left the job waits.
      </p>
    </div>
  );
}

interface TargetRowProps {
  readonly choice: FailoverChoice;
  readonly target: ClaimTargetView;
  readonly targets: readonly ClaimTargetView[];
  readonly keys: number | null;
}

const count = (value: number | null) => (value === null ? "–" : <Count of={value} />);

function TargetRow({ choice, target, targets, keys }: TargetRowProps) {
  const { incarnation, node, state, load, running, owned, refusal } = target;
  const weight = choice.weights.get(incarnation);
  const expected = expectedKeys(target, targets, choice.weights, keys);
  return (
    <tr>
      <td className="w100 trunc">
        <label className="row">
          <input
            type="checkbox"
            checked={weight !== undefined}
            disabled={refusal !== null && weight === undefined}
            onChange={() => choice.setWeights(toggled(choice.weights, target))}
          />
          <Name text={node} mono />
        </label>
        {refusal !== null && (
          <span className="small t3">
            <Glyph tone="attention" label="not now" /> {refusal}
          </span>
        )}
      </td>
      <td>
        <State system="node" word={state} />
      </td>
      <td className="num p2">{load === null ? "–" : formatNumber(load, 2)}</td>
      <td className="num p2">{count(running)}</td>
      <td className="num p2">{count(owned)}</td>
      <td className="num">
        {weight === undefined ? (
          "–"
        ) : (
          <WeightField
            node={node}
            weight={weight}
            onWeight={(text) => choice.setWeights(weighted(choice.weights, incarnation, text))}
          />
        )}
      </td>
      <td className="num">{count(expected)}</td>
    </tr>
  );
}

interface WeightFieldProps {
  readonly node: string;
  readonly weight: number;
  readonly onWeight: (text: string) => void;
}

/** What is typed counts once it is a weight; left, the field shows the weight that counts. */
function WeightField({ node, weight, onWeight }: WeightFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <input
      className="field fo-weight"
      type="number"
      min={1}
      max={WEIGHT_MAX}
      aria-label={`Weight of ${node}`}
      value={typed ?? String(weight)}
      onChange={(event) => {
        setTyped(event.target.value);
        onWeight(event.target.value);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
