#include "helm-service/domain/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::helm {
namespace {

// Shared with helpers that begin when all is done.
struct Numbers {
  std::atomic<std::size_t> next = 0;
  Mutex mutex;
  CondVar changed;
  int at_work ABSL_GUARDED_BY(mutex) = 0;
  // The task is gone.
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

}  // namespace

void RunSideBySide(operation::Executor& helpers, std::size_t count, std::size_t width,
                   const std::function<void(std::size_t number)>& task) {
  const auto numbers = std::make_shared<Numbers>();
  const auto work = [count, &task](Numbers& shared) {
    for (std::size_t number = shared.next++; number < count; number = shared.next++) task(number);
  };
  for (std::size_t i = 1; i < std::min(width, count); ++i) {
    helpers.Post([numbers, work] {
      {
        const MutexLock lock(numbers->mutex);
        if (numbers->closed) return;
        ++numbers->at_work;
      }
      work(*numbers);
      const MutexLock lock(numbers->mutex);
      --numbers->at_work;
      numbers->changed.NotifyAll();
    });
  }
  work(*numbers);
  const MutexLock lock(numbers->mutex);
  numbers->closed = true;
  while (numbers->at_work > 0) numbers->changed.Wait(numbers->mutex);
}

}  // namespace berth::helm
