import { z } from "zod";
import { addressOrNetwork, isContactPoint } from "./addresses.ts";

/** Values that several sections have. */

export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes, at most 63")
  .describe("Names it in addresses, in the journal and in tokens; unique over all sources.");
export const title = z.string().trim().min(1, "must not be empty").max(80);
export const secretEnv = (what: string) =>
  z.string().min(1).optional().describe(`Environment variable that holds ${what}.`);
export const secretFile = (what: string) => z.string().min(1).optional().describe(`File that holds ${what}.`);
export const host = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/, "must be a host name or address without port");
export const contactPoints = z
  .array(z.string().refine(isContactPoint, "must be host or host:port"))
  .min(1, "needs at least one")
  .max(50);
export const keyspace = z
  .string()
  .regex(/^[a-zA-Z]\w{0,47}$/, "must be a keyspace name: letters, digits and underscores, at most 48");

export const tcpPort = z.int().min(1, "must be a port").max(65_535, "must be a port");
export const proxy = z
  .string()
  .refine((text) => addressOrNetwork(text) !== null, "must be an address or a network such as 10.0.0.0/8");

const tlsKeys = z.strictObject({
  caFile: secretFile(
    "the certificates (PEM) of the authorities that are trusted, and no others: also the server's own, where it signed itself. The well-known ones when left out",
  ),
  certificateFile: secretFile("the certificate (PEM) of the console, where the server asks for one"),
  keyFile: secretFile("its key (PEM)"),
  keyEnv: secretEnv("that key"),
  serverName: z
    .string()
    .trim()
    .regex(/^[a-zA-Z0-9:_]([a-zA-Z0-9:._-]{0,251}[a-zA-Z0-9:])?$/, "must be a host name or an address")
    .optional()
    .describe("Name that the server's certificate has to be for; the host that is connected to when left out."),
});
export type TlsDocument = boolean | z.output<typeof tlsKeys>;

/** How a connection is encrypted; the other side's certificate is checked in any case. */
export const tls = (more = "") =>
  z
    .union([z.boolean(), tlsKeys], {
      error: "must be true, or a mapping of caFile, certificateFile, keyFile and serverName",
    })
    .optional()
    .describe(
      `Encrypts the connection, and checks the certificate of the other side: always, there is no way around it.${more} In the clear when left out.`,
    );
