/** The engine's worker: importing it starts it. */
import "@octonext/engine/worker";
