export function prepareRuntime(options: {
  readonly target: string;
  readonly tarball?: string;
  readonly force?: boolean;
}): Promise<string>;
