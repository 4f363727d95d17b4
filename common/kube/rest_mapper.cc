#include "common/kube/rest_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/macros.h"

namespace berth::kube {
namespace {

constexpr std::size_t kMostAnswers = 500;

bool IsPathSafe(std::string_view name) {
  constexpr std::size_t kLongest = 253;
  return name.size() <= kLongest && !name.starts_with('.') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

bool CanBeRead(const Json& resource) {
  const Json& verbs = At(resource, {"verbs"});
  return verbs.is_array() && std::find(verbs.begin(), verbs.end(), "get") != verbs.end();
}

std::map<std::string, ServedKind> ReadKinds(const Json& list, const std::string& group,
                                            const std::string& version) {
  std::map<std::string, ServedKind> kinds;
  const Json& resources = At(list, {"resources"});
  if (!resources.is_array()) return kinds;
  for (const Json& resource : resources) {
    std::string plural = StringAt(resource, {"name"});
    const bool is_part = plural.find('/') != std::string::npos;  // such as "pods/log"
    if (is_part || !IsPathSafe(plural) || plural.empty() || !CanBeRead(resource)) continue;
    std::string kind = StringAt(resource, {"kind"});
    const bool namespaced = At(resource, {"namespaced"}) == true;
    kinds.emplace(kind, ServedKind{.group = group,
                                   .version = version,
                                   .plural = std::move(plural),
                                   .kind = kind,
                                   .scope = namespaced ? Scope::kNamespaced : Scope::kCluster});
  }
  return kinds;
}

}  // namespace

Resource ServedKind::resource() const {
  return {.group = group, .version = version, .plural = plural, .kind = kind, .scope = scope};
}

RestMapper::RestMapper(Client& client, Clock& clock) : RestMapper(client, clock, Options()) {}

RestMapper::RestMapper(Client& client, Clock& clock, Options options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

absl::StatusOr<std::optional<ServedKind>> RestMapper::Find(const std::string& group,
                                                           const std::string& version,
                                                           const std::string& kind) {
  if (!IsPathSafe(group) || !IsPathSafe(version) || version.empty()) return std::nullopt;
  std::shared_ptr<const Answer> answer;
  {
    const MutexLock lock(mutex_);
    const auto found = answers_.find(fmt::format("{}/{}", group, version));
    if (found != answers_.end()) answer = found->second;
  }
  const auto is_known = [&] { return answer->kinds.contains(kind); };
  if (answer == nullptr || clock_.Now() - answer->asked >=
                               (is_known() ? options_.max_age : options_.max_age_of_absence)) {
    ASSIGN_OR_RETURN(answer, Ask(group, version));
  }
  if (!is_known()) return std::nullopt;
  return answer->kinds.at(kind);
}

absl::StatusOr<std::shared_ptr<const RestMapper::Answer>> RestMapper::Ask(
    const std::string& group, const std::string& version) {
  auto answer = std::make_shared<Answer>();
  answer->asked = clock_.Now();
  const absl::StatusOr<Json> list = client_.Discover(group, version, options_.call);
  if (list.ok()) {
    answer->kinds = ReadKinds(*list, group, version);
  } else if (!kube::IsNotFound(list.status())) {
    return list.status();
  }
  const MutexLock lock(mutex_);
  if (answers_.size() >= kMostAnswers) answers_.clear();
  answers_[fmt::format("{}/{}", group, version)] = answer;
  return std::shared_ptr<const Answer>(answer);
}

}  // namespace berth::kube
