#pragma once

namespace berth::harness {

/// A port of 127.0.0.1 that nobody listens on just now: for a program that comes back to it after
/// it was killed. Nobody else gets it soon, as the kernel hands these out at random.
int FreePort();

}  // namespace berth::harness
