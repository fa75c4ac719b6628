import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode, type Net, nullLogger, sleep } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { describe, expect, it } from "vitest";
import { createNet, type TlsOptions } from "../src/index.ts";

const SERVICE = "test.Echo";

/** A certificate that signs itself, made by the openssl of the machine; undefined where there is none. Any other failure of it is thrown. */
function certificate(): TlsOptions | undefined {
  const dir = mkdtempSync(join(tmpdir(), "ringtide-tls-"));
  try {
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", ...files, ...subject],
      { stdio: "pipe" }, // what it says is part of the error that is thrown when it fails
    );
    const pem = readFileSync(join(dir, "cert.pem"));
    const key = readFileSync(join(dir, "key.pem"));
    return { certificate: pem, key, authorities: pem, requireClientCertificate: true };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && "path" in error) return undefined;
    throw error;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const tls = certificate();

function net(settings?: TlsOptions, metrics = createMetrics()): Net {
  return createNet({ logger: nullLogger, metrics, clock: systemClock, ...(settings && { tls: settings }) });
}

if (tls === undefined) console.warn("SKIPPED: TLS; because there is no openssl on the PATH to make a certificate");

describe.skipIf(tls === undefined)("TLS", () => {
  it("carries calls between peers with certificates, and closes and counts plain text", async () => {
    const metrics = createMetrics();
    const listener = await net(tls, metrics).listen(
      { host: "127.0.0.1", port: 0 },
      {
        service: SERVICE,
        handlers: { unary: { Echo: async (request) => request } },
        maxConnections: 5,
        maxMessageBytes: 1000,
      },
    );
    const options = { service: SERVICE, metadata: {}, maxMessageBytes: 1000, connectTimeoutMs: 1000 };
    // By name: TLS takes no IP address as the name of a server.
    const secure = net(tls).connect({ host: "localhost", port: listener.address.port }, options);
    const plain = net().connect(listener.address, options);
    try {
      expect(await secure.unary("Echo", Uint8Array.of(1, 2), { timeoutMs: 5000 })).toHaveLength(2);
      const refused = await plain.unary("Echo", Uint8Array.of(1), { timeoutMs: 2000 }).catch((error: unknown) => error);
      expect(hasCode(refused, "NET_UNREACHABLE", "NET_CLOSED")).toBe(true);
      const garbage = async () => /^ringtide_net_garbage_total\{.*\} [1-9]/m.test(await metrics.render());
      for (let i = 0; i < 200 && !(await garbage()); i++) await sleep(systemClock, 5);
      expect(await garbage()).toBe(true);
    } finally {
      secure.close();
      plain.close();
      await listener.close(0);
    }
  });
});
