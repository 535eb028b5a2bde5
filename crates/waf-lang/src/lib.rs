//! The rule languages, lowered into the engine.
