#include "ingress-service/domain/confirmed_rules.h"

#include <chrono>
#include <utility>

namespace berth::ingress {
namespace {

constexpr std::chrono::minutes kPeriod{10};

}  // namespace

void ConfirmedRules::Add(const std::string& rule_uid) {
  const kube::Clock::TimePoint now = clock_.Now();
  MutexLock lock(mutex_);
  if (now - since_ >= kPeriod) {
    earlier_ = std::exchange(recent_, {});
    since_ = now;
  }
  recent_.insert(rule_uid);
  ++version_;
}

bool ConfirmedRules::Contains(const std::string& rule_uid) const {
  MutexLock lock(mutex_);
  return recent_.contains(rule_uid) || earlier_.contains(rule_uid);
}

std::uint64_t ConfirmedRules::version() const {
  MutexLock lock(mutex_);
  return version_;
}

}  // namespace berth::ingress
