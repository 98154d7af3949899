import path from "node:path";
import { judgeAddress } from "./addresses.ts";
import type { Environment } from "./environment.ts";
import type { ConfigurationPath } from "./fault.ts";
import type { ShapeFault } from "./issues.ts";
import { createSecret, type Secret } from "./secret.ts";

/** Whatever ends in `…Env` or `…File` of these is read. */
const SECRETS = ["password", "key", "token", "cookie", "ca", "certificate", "url"];

const COOKIE_MAX_CHARACTERS = 255;

/** What is wrong with the content of a secret, without a word of it; `null` = nothing. */
const JUDGES: Readonly<Record<string, (text: string) => string | null>> = {
  cookie: (text) =>
    text.length <= COOKIE_MAX_CHARACTERS && /^[\x21-\x7e]+$/.test(text)
      ? null
      : `holds no cookie: one line of up to ${COOKIE_MAX_CHARACTERS} visible ASCII characters`,
  ca: judgePem,
  certificate: judgePem,
  url: judgeAddress,
};

function judgePem(text: string): string | null {
  return text.includes("-----BEGIN CERTIFICATE-----") ? null : "holds no certificate in PEM";
}

const MAX_SECRET_CHARACTERS = 65_536;

/** Resolves `…Env` and `…File`. A secret that is missing is a fault at its key; its text is in no message. */
export interface SecretReader {
  /** `null` when neither key is given, or the secret cannot be had (a fault then). */
  read(holder: unknown, prefix: string, at: ConfigurationPath, leastCharacters?: number): Secret | null;
  /** Tries every secret that a document names, wherever the document is faulty otherwise. */
  tryAll(document: unknown): void;
  /** What was read is of no use after all. The message holds nothing of it. */
  reject(at: ConfigurationPath, message: string): void;
  faults(): readonly ShapeFault[];
}

export function createSecretReader(options: {
  readonly environment: Environment;
  readonly readText: (file: string) => string;
  /** Folder that relative files start from. */
  readonly folder: string;
}): SecretReader {
  const found: ShapeFault[] = [];
  const fail = (at: ConfigurationPath, message: string) => {
    found.push({ path: at, message });
    return null;
  };

  const judged = (
    value: string,
    prefix: string,
    where: string,
    at: ConfigurationPath,
    least: number,
  ): Secret | null => {
    const wrong = value.length < least ? `holds less than ${least} characters` : (JUDGES[prefix]?.(value) ?? null);
    return wrong === null ? createSecret(value) : fail(at, `${where} ${wrong}`);
  };

  const fromEnvironment = (name: string, prefix: string, at: ConfigurationPath, least: number): Secret | null => {
    const value = options.environment[name];
    if (value === undefined) return fail(at, `the environment has no ${name}`);
    return value === "" ? fail(at, `${name} is empty in the environment`) : judged(value, prefix, name, at, least);
  };

  const fromFile = (name: string, prefix: string, at: ConfigurationPath, least: number): Secret | null => {
    const file = path.resolve(options.folder, name);
    let text: string;
    try {
      text = options.readText(file);
    } catch (cause) {
      return fail(at, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    const value = text.replace(/\r?\n$/, "");
    if (value === "") return fail(at, `${file} is empty`);
    return value.length > MAX_SECRET_CHARACTERS
      ? fail(at, `${file} is too long`)
      : judged(value, prefix, file, at, least);
  };

  const read: SecretReader["read"] = (holder, prefix, at, least = 0) => {
    const env = textAt(holder, `${prefix}Env`);
    if (env !== null) return fromEnvironment(env, prefix, [...at, `${prefix}Env`], least);
    const file = textAt(holder, `${prefix}File`);
    return file === null ? null : fromFile(file, prefix, [...at, `${prefix}File`], least);
  };

  const walk = (value: unknown, at: ConfigurationPath): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...at, index]);
    } else if (typeof value === "object" && value !== null) {
      for (const prefix of SECRETS) read(value, prefix, at);
      for (const [key, child] of Object.entries(value)) walk(child, [...at, key]);
    }
  };

  return {
    read,
    tryAll: (document) => walk(document, []),
    reject: (at, message) => void fail(at, message),
    faults: () => found,
  };
}

function textAt(holder: unknown, key: string): string | null {
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, key)) return null;
  const value = (holder as Readonly<Record<string, unknown>>)[key];
  return typeof value === "string" && value !== "" ? value : null;
}
