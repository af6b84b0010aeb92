/** What the build puts in the place of names. */
declare const __APP_VERSION__: string;
