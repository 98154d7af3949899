/** A key of DNA's register as one text: the subject of what is journalled of it, and its name in a history. */
import type { ActorFacts } from "#server/contract/event.ts";

/**
 * `<namespace>:<module id>:<name>`. Two keys never share one: a colon or a percent sign of the namespace is written as
 * `%3A` and `%25`, so the first colon ends it; the name stands as it is.
 */
export const actorSubject = ({ namespace, moduleId, name }: ActorFacts): string =>
  `${namespace.replaceAll("%", "%25").replaceAll(":", "%3A")}:${moduleId}:${name}`;

/**
 * The key as a target of a job, `<module id>/<namespace>|<name>`: by type, then by name. Two keys never share one: a bar
 * or a percent sign of the namespace is written as `%7C` and `%25`, so the first bar ends it; the name stands as it is.
 */
export const actorTarget = ({ namespace, moduleId, name }: ActorFacts): string =>
  `${moduleId}/${namespace.replaceAll("%", "%25").replaceAll("|", "%7C")}|${name}`;

/** Parses what `actorTarget` wrote; `null` when it is none. */
export function parseActorTarget(target: string): ActorFacts | null {
  const parts = /^(-?[0-9]{1,10})\/([^|]*)\|(.*)$/s.exec(target);
  if (parts === null) return null;
  const [, moduleId = "", namespace = "", name = ""] = parts;
  return {
    namespace: namespace.replaceAll("%7C", "|").replaceAll("%25", "%"),
    moduleId: Number(moduleId),
    name,
  };
}

/** Parses what `actorSubject` wrote; `null` when it is none. */
export function parseActorSubject(subject: string): ActorFacts | null {
  const parts = /^([^:]*):(-?[0-9]{1,10}):(.*)$/s.exec(subject);
  if (parts === null) return null;
  const [, namespace = "", moduleId = "", name = ""] = parts;
  return {
    namespace: namespace.replaceAll("%3A", ":").replaceAll("%25", "%"),
    moduleId: Number(moduleId),
    name,
  };
}
