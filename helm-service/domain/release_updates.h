#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kube/time.h"
#include "common/operation/handler.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/readiness.h"
#include "helm-service/domain/redactor.h"

#include "berth/operation/v1/object.pb.h"

namespace berth::helm {

/// A Warning event of Kubernetes.
struct KubernetesWarning {
  ObjectRef object;
  /// The release's object that `object` is, or belongs to.
  ObjectRef owner;
  std::string reason;
  std::string message;
  int count = 1;
  std::optional<kube::Time> first_time;
  std::optional<kube::Time> last_time;
};

/// How an object stands, as the contract has it.
operation::v1::ObjectStatus ToProto(const ObjectRef& object, const Readiness& readiness);

/// Tells an operation's watchers what became of a release's objects, known secrets replaced in
/// every text. Any thread.
class ReleaseUpdates {
 public:
  ReleaseUpdates(std::shared_ptr<operation::Reporter> reporter,
                 std::shared_ptr<const Redactor> redactor)
      : reporter_(std::move(reporter)), redactor_(std::move(redactor)) {}

  void Object(const ObjectRef& object, const Readiness& readiness) const;
  void Warning(const KubernetesWarning& warning) const;

  enum class HookState { kStarted, kSucceeded, kFailed };
  void Hook(const ObjectRef& object, const std::vector<std::string>& events, HookState state,
            std::string_view message) const;

  void ContainerLine(const std::string& ns, const std::string& pod, const std::string& container,
                     std::string_view text) const;

  /// A word of Berth's own.
  void Note(std::string_view text) const;

  std::string Redact(std::string_view text) const { return redactor_->Redact(text); }

 private:
  const std::shared_ptr<operation::Reporter> reporter_;
  const std::shared_ptr<const Redactor> redactor_;
};

}  // namespace berth::helm
