#include "tests/bench/load.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>

namespace berth::bench {
namespace {

using std::chrono::steady_clock;

Milliseconds Quantile(const std::vector<Milliseconds>& sorted, double quantile) {
  if (sorted.empty()) return {};
  const auto index = static_cast<std::size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace

Load RunLoad(int workers, int calls, const std::function<absl::Status(int number)>& call) {
  std::vector<Milliseconds> taken(static_cast<std::size_t>(calls));
  std::atomic<int> next = 0;
  std::mutex mutex;
  Load load;
  const auto work = [&] {
    for (int number = next++; number < calls; number = next++) {
      const auto start = steady_clock::now();
      absl::Status status = call(number);
      taken[static_cast<std::size_t>(number)] = steady_clock::now() - start;
      if (status.ok()) continue;
      const std::lock_guard lock(mutex);
      load.errors.push_back(std::move(status));
    }
  };
  const auto start = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(workers));
    for (int i = 0; i < workers; ++i) threads.emplace_back(work);
  }
  load.total = steady_clock::now() - start;
  load.calls_per_second = calls / load.total.count();
  std::sort(taken.begin(), taken.end());
  load.p50 = Quantile(taken, 0.5);
  load.p99 = Quantile(taken, 0.99);
  return load;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace berth::bench
