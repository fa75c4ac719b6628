import type { TlsOptions as ServerTlsOptions } from "node:tls";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";

/** The one home of TLS settings; all parts are PEM. One certificate serves as server's and, between nodes, as client's. */
export interface TlsOptions {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  /** Who may sign the other side's certificate. */
  readonly authorities: Uint8Array;
  /** Listeners refuse peers without a certificate of `authorities`. */
  readonly requireClientCertificate: boolean;
}

export function serverTls(tls: TlsOptions, handshakeTimeoutMs: number): ServerTlsOptions {
  return {
    cert: Buffer.from(tls.certificate),
    key: Buffer.from(tls.key),
    ca: Buffer.from(tls.authorities),
    requestCert: tls.requireClientCertificate,
    rejectUnauthorized: tls.requireClientCertificate,
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeTimeoutMs,
  };
}

export function clientCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(Buffer.from(tls.authorities), Buffer.from(tls.key), Buffer.from(tls.certificate));
}
