import { describe, expect, it } from "vitest";
import { tlsFault } from "./tls.ts";

const error = (message: string, more: object = {}) => Object.assign(new Error(message), more);

describe("a fault of TLS", () => {
  it.each([
    [error("x", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "signed by an unknown authority"],
    [
      error("unable to verify the first certificate", { code: "HANDSHAKE_SSL_ERROR" }),
      "signed by an unknown authority",
    ],
    [error("x", { code: "CERT_SIGNATURE_FAILURE" }), "signed by an unknown authority"],
    [error("x", { code: "CERT_HAS_EXPIRED" }), "has expired"],
    [error("certificate has expired", { code: "HANDSHAKE_SSL_ERROR" }), "has expired"],
    [error("x", { code: "CERT_NOT_YET_VALID" }), "not valid yet"],
    [error("The server does not support SSL connections"), "does not speak TLS"],
    [error("Server does not support secure connection", { code: "HANDSHAKE_NO_SSL_SUPPORT" }), "does not speak TLS"],
    [error("write EPROTO 40:error:0A00010B:SSL routines::wrong version number:", { code: "EPROTO" }), "does not speak"],
    [error("x", { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" }), "asks for a certificate of ours"],
    [error("Client network socket disconnected before secure TLS connection was established"), "TLS handshake"],
  ])("is told in plain words: %s", (cause, words) => {
    expect(tlsFault(cause)).toContain(words);
  });

  it("names the names, whatever a driver made of the code", () => {
    const reason = "Host: db. is not in the cert's altnames: DNS:other";
    for (const code of ["ERR_TLS_CERT_ALTNAME_INVALID", "HANDSHAKE_SSL_ERROR"]) {
      const cause = error(`Hostname/IP does not match certificate's altnames: ${reason}`, { code, reason });
      expect(tlsFault(cause)).toBe(
        `its certificate is for another name: ${reason}. tls.serverName says which name is expected`,
      );
    }
  });

  it("is found behind the first host that a driver has tried in vain", () => {
    const expired = error("x", { code: "CERT_HAS_EXPIRED" });
    const cause = error("All host(s) tried for query failed", {
      innerErrors: { "10.0.0.1:9042": error("refused"), "10.0.0.2:9042": expired },
    });
    expect(tlsFault(cause)).toBe("its certificate has expired");
  });

  it("is nothing else", () => {
    expect(tlsFault(error("connect ECONNREFUSED 127.0.0.1:5432", { code: "ECONNREFUSED" }))).toBeNull();
    expect(tlsFault(error("password authentication failed", { code: "28P01" }))).toBeNull();
    expect(tlsFault("certificate has expired")).toBeNull();
  });
});
