/** What passes between the main loop and the thread that owns a SQLite file. */
export interface SqliteWorkerData {
  readonly path: string;
  readonly readOnly: boolean;
  /** How long a locked file is waited for, inside SQLite. */
  readonly busyTimeoutMs: number;
}

export type SqliteParameter = null | number | bigint | string | Uint8Array;

export interface SqliteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly SqliteParameter[];
}

export type SqliteReply =
  | { readonly id: number; readonly ok: true; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly message: string;
      /** SQLite's primary result code, `null` when the failure was not SQLite's. */
      readonly resultCode: number | null;
    };
