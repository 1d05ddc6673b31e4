//! The live hub: subscriptions, fan-out, resume and back-pressure.
