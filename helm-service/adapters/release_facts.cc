#include "helm-service/adapters/release_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "helm-service/adapters/release_secret.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestName = 256;
constexpr std::size_t kLongestDescription = 512;

std::string IdOf(const ReleaseKey& key, int revision, std::uint64_t version) {
  return fmt::format("{}/{}.v{}@{}", key.ns.value(), key.name.value(), revision, version);
}

// Cut to at most `limit` bytes, and no more memory than it takes.
std::string Cut(const std::string& text, std::size_t limit) {
  std::size_t size = std::min(text.size(), limit);
  // Not within a character.
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace

absl::StatusOr<ReleaseFacts::Found> ReleaseFacts::Read(const ReleaseKey& key, int revision,
                                                       std::uint64_t version) {
  if (auto known = Recall(IdOf(key, revision, version))) return Found{version, std::move(known)};
  ASSIGN_OR_RETURN(const kube::Json secret, Get(key, revision, version));
  Found found{.version = VersionOf(secret)};
  const absl::StatusOr<ReleaseBody> body =
      ReadReleaseBody(kube::StringAt(secret, {"data", "release"}));
  found.facts = FactsOf(body.ok() ? *body : ReleaseBody{});
  Remember(IdOf(key, revision, found.version), found.facts);
  return found;
}

absl::StatusOr<kube::Json> ReleaseFacts::Get(const ReleaseKey& key, int revision,
                                             std::uint64_t version) {
  const kube::ObjectName name = ReleaseSecretName(key, revision);
  absl::StatusOr<kube::Json> secret =
      client_.Get(kube::kSecrets, name, {.consistency = kube::Consistency::kAny});
  const bool is_old =
      secret.ok() ? VersionOf(*secret) < version : kube::IsNotFound(secret.status());
  if (!is_old) return secret;
  // The API server's memory may be behind what has been seen.
  return client_.Get(kube::kSecrets, name);
}

void ReleaseFacts::Forget() {
  const MutexLock lock(mutex_);
  remembered_.clear();
  by_id_.clear();
}

std::shared_ptr<const RevisionFacts> ReleaseFacts::Recall(const std::string& id) {
  const MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  remembered_.splice(remembered_.begin(), remembered_, found->second);
  return found->second->second;
}

void ReleaseFacts::Remember(const std::string& id, std::shared_ptr<const RevisionFacts> facts) {
  const MutexLock lock(mutex_);
  if (by_id_.contains(id)) return;
  remembered_.emplace_front(id, std::move(facts));
  by_id_[id] = remembered_.begin();
  if (remembered_.size() <= remembered_limit_) return;
  by_id_.erase(remembered_.back().first);
  remembered_.pop_back();
}

std::shared_ptr<const RevisionFacts> ReleaseFacts::FactsOf(const ReleaseBody& body) {
  return std::make_shared<const RevisionFacts>(
      RevisionFacts{.chart = Shared({.name = Cut(body.chart_name, kLongestName),
                                     .version = Cut(body.chart_version, kLongestName),
                                     .app_version = Cut(body.app_version, kLongestName)}),
                    .first_deployed = ParseHelmTime(body.first_deployed),
                    .last_deployed = ParseHelmTime(body.last_deployed),
                    .description = Cut(body.description, kLongestDescription)});
}

std::shared_ptr<const ChartIdentity> ReleaseFacts::Shared(ChartIdentity chart) {
  const MutexLock lock(mutex_);
  std::weak_ptr<const ChartIdentity>& held = charts_[chart];
  std::shared_ptr<const ChartIdentity> shared = held.lock();
  if (shared == nullptr) {
    shared = std::make_shared<const ChartIdentity>(std::move(chart));
    held = shared;
  }
  constexpr std::size_t kSlack = 100;
  if (charts_.size() > 2 * charts_after_pruning_ + kSlack) {
    std::erase_if(charts_, [](const auto& entry) { return entry.second.expired(); });
    charts_after_pruning_ = charts_.size();
  }
  return shared;
}

}  // namespace berth::helm
