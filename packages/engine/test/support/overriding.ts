/** A port with some of its calls replaced. */
export function overriding<T extends object>(real: T, calls: Partial<T>): T {
  return new Proxy(real, {
    get: (_, name) => {
      const call: unknown = Reflect.get(calls, name) ?? Reflect.get(real, name);
      return typeof call === "function" ? call.bind(real) : call;
    },
  });
}
