/** The part of cli-progress that is used here (the package brings no types). */
declare module 'cli-progress' {
  export interface BarParameters {
    readonly value: number;
    readonly total: number;
  }

  export interface MultiBarOptions {
    readonly stream?: NodeJS.WritableStream;
    readonly hideCursor?: boolean;
    readonly clearOnComplete?: boolean;
    readonly stopOnComplete?: boolean;
    readonly emptyOnZero?: boolean;
    readonly gracefulExit?: boolean;
    readonly fps?: number;
    readonly linewrap?: boolean;
    readonly forceRedraw?: boolean;
    readonly format?: string | ((options: unknown, parameters: BarParameters, payload: object) => string);
  }

  export interface SingleBar {
    setTotal(total: number): void;
    update(value: number, payload?: object): void;
  }

  export class MultiBar {
    constructor(options: MultiBarOptions);
    create(total: number, value: number, payload?: object, options?: MultiBarOptions): SingleBar;
    /** Prints a line above the bars. */
    log(text: string): void;
    update(): void;
    stop(): void;
  }

  const module: { readonly MultiBar: typeof MultiBar };
  export default module;
}
