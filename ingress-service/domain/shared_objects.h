#pragma once

#include <compare>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"

namespace berth::ingress {

/// The kinds of object that others write too.
enum class SharedKind { kConfigMap, kService };

struct SharedRef {
  SharedKind kind = SharedKind::kConfigMap;
  kube::ObjectName name;

  /// "ConfigMap/ingress-nginx/tcp-services": the key of RuleStatus::written.
  std::string ToString() const;
  /// Reads what ToString writes; none for anything else.
  static std::optional<SharedRef> Parse(std::string_view text);

  friend auto operator<=>(const SharedRef&, const SharedRef&) = default;
};

/// How a write that was made on the condition of what had been read came out.
enum class PutOutcome {
  kDone,
  /// Changed, created or deleted by somebody else since; nothing was written (or an earlier try
  /// was): read again.
  kConflict,
};

/// Reads and writes whole objects. Thread safe.
class SharedObjects {
 public:
  virtual ~SharedObjects() = default;
  /// A read confirmed by a quorum; none if there is no such object.
  virtual absl::StatusOr<std::optional<kube::Json>> Get(const SharedRef& ref) = 0;
  /// kConflict if it exists.
  virtual absl::StatusOr<PutOutcome> Create(const SharedRef& ref, const kube::Json& object) = 0;
  /// Writes what was read and changed; kConflict unless the stored one still has its
  /// resourceVersion.
  virtual absl::StatusOr<PutOutcome> Replace(const SharedRef& ref, const kube::Json& object) = 0;
};

}  // namespace berth::ingress
