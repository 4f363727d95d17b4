#include "helm-service/domain/polling_observer.h"

#include <stop_token>
#include <utility>

namespace berth::helm {

// What the worker and the operation share about one observation. `follower_` and `begun_` are the
// worker's: the queue works on a key with one thread at a time.
class PollingObserver::Followed {
 public:
  Followed(ObservedAction action, ReleaseStore& releases, ClusterReader& cluster,
           std::shared_ptr<operation::Reporter> reporter, std::shared_ptr<Redactor> redactor)
      : follower_(std::move(action), releases, cluster, reporter, std::move(redactor)),
        reporter_(std::move(reporter)) {}

  // Whether this was the first call, and Helm is still at work.
  bool Begin() {
    if (std::exchange(begun_, true) || finishing().has_value()) return false;
    follower_.BeginWarnings();
    return true;
  }

  // False once there is nothing more to look at.
  bool Look(kube::Clock::TimePoint now) {
    const std::optional<bool> succeeded = finishing();
    if (!succeeded.has_value()) {
      follower_.Look(now);
      return true;
    }
    follower_.LookLast(now, *succeeded);
    std::vector<UnreadyObject> unready = follower_.Unready();
    {
      const MutexLock lock(mutex_);
      unready_ = std::move(unready);
      finished_ = true;
    }
    reporter_->Wake();
    return false;
  }

  // Whether this was the first call.
  bool Finish(bool succeeded, kube::Clock::TimePoint now) {
    const MutexLock lock(mutex_);
    if (finishing_.has_value()) return false;
    finishing_ = succeeded;
    finish_asked_ = now;
    return true;
  }

  bool FinishedBefore(kube::Clock::TimePoint now, std::chrono::milliseconds patience) const {
    const MutexLock lock(mutex_);
    return finished_ || now - finish_asked_ >= patience;
  }

  std::vector<UnreadyObject> unready() const {
    const MutexLock lock(mutex_);
    return unready_;
  }

 private:
  std::optional<bool> finishing() const {
    const MutexLock lock(mutex_);
    return finishing_;
  }

  ReleaseFollower follower_;
  bool begun_ = false;
  const std::shared_ptr<operation::Reporter> reporter_;
  mutable Mutex mutex_;
  // Whether Helm succeeded, once it has ended.
  std::optional<bool> finishing_ ABSL_GUARDED_BY(mutex_);
  kube::Clock::TimePoint finish_asked_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<UnreadyObject> unready_ ABSL_GUARDED_BY(mutex_);
};

class PollingObserver::Handle final : public Observation {
 public:
  Handle(PollingObserver& observer, std::string key, std::shared_ptr<Followed> followed)
      : observer_(observer), key_(std::move(key)), followed_(std::move(followed)) {}
  ~Handle() override { observer_.Forget(key_); }

  bool Finish(bool succeeded) override {
    const kube::Clock::TimePoint now = observer_.clock_.Now();
    if (followed_->Finish(succeeded, now)) observer_.queue_.Add(key_);
    return followed_->FinishedBefore(now, observer_.options_.patience);
  }

  std::vector<UnreadyObject> unready() const override { return followed_->unready(); }

 private:
  PollingObserver& observer_;
  const std::string key_;
  const std::shared_ptr<Followed> followed_;
};

PollingObserver::PollingObserver(ReleaseStore& releases, ClusterReader& cluster)
    : PollingObserver(releases, cluster, Options(), kube::RealClock()) {}

PollingObserver::PollingObserver(ReleaseStore& releases, ClusterReader& cluster, Options options,
                                 kube::Clock& clock)
    : options_(options),
      releases_(releases),
      cluster_(cluster),
      clock_(clock),
      queue_(
          {.name = "observer", .workers = options.threads},
          [this](const std::string& key, const std::stop_token&) { return Look(key); }, clock) {}

std::unique_ptr<Observation> PollingObserver::Observe(ObservedAction action,
                                                      std::shared_ptr<operation::Reporter> reporter,
                                                      std::shared_ptr<Redactor> redactor) {
  auto followed = std::make_shared<Followed>(std::move(action), releases_, cluster_,
                                             std::move(reporter), std::move(redactor));
  std::string key;
  {
    const MutexLock lock(mutex_);
    key = std::to_string(next_++);
    followed_.emplace(key, followed);
  }
  queue_.Add(key);
  return std::make_unique<Handle>(*this, std::move(key), std::move(followed));
}

kube::WorkQueue::Outcome PollingObserver::Look(const std::string& key) {
  std::shared_ptr<Followed> followed;
  {
    const MutexLock lock(mutex_);
    const auto found = followed_.find(key);
    if (found == followed_.end()) return std::nullopt;
    followed = found->second;
  }
  if (followed->Begin()) return options_.first_look;
  if (!followed->Look(clock_.Now())) return std::nullopt;
  return options_.interval;
}

void PollingObserver::Forget(const std::string& key) {
  const MutexLock lock(mutex_);
  followed_.erase(key);
}

}  // namespace berth::helm
