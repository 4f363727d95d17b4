#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "absl/status/status.h"

namespace berth::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

/// How a number of equal calls went.
struct Load {
  /// From the first call to the end of the last.
  std::chrono::duration<double> total{};
  double calls_per_second = 0;
  Milliseconds p50{};
  Milliseconds p99{};
  /// Of those that failed.
  std::vector<absl::Status> errors;
};

/// Makes `calls` calls from `workers` threads, each with the next number from 0; none waits longer
/// than for the one before it on its thread.
Load RunLoad(int workers, int calls, const std::function<absl::Status(int number)>& call);

/// The middle one, or the mean of the middle two; 0 for none.
double Median(std::vector<double> values);

}  // namespace berth::bench
