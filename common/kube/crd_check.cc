#include "common/kube/crd_check.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::kube {
namespace {

/// What is wrong with the definition; none if nothing is.
std::optional<std::string> Problem(const Json& definition, int needed) {
  if (!IsConditionTrue(definition, "Established")) {
    return "is not served yet";
  }
  const std::string text = Annotation(definition, kSchemaRevisionAnnotation).value_or("0");
  int revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  if (revision < needed) {
    return fmt::format("has schema revision {}, {} is needed", revision, needed);
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckSchemas(Client& client, const std::vector<NeededSchema>& needed) {
  std::string problems;
  for (const NeededSchema& schema : needed) {
    const std::string name = fmt::format("{}.{}", schema.resource.plural, schema.resource.group);
    const absl::StatusOr<Json> definition =
        client.Get(kCustomResourceDefinitions, {.ns = "", .name = name});
    std::optional<std::string> problem;
    if (kube::IsNotFound(definition.status())) {
      problem = "does not exist";
    } else {
      RETURN_IF_ERROR(definition.status());
      problem = Problem(*definition, schema.revision);
    }
    if (problem.has_value()) {
      problems += fmt::format("{}{} {}", problems.empty() ? "" : "; ", name, *problem);
    }
  }
  if (problems.empty()) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CRD_TOO_OLD,
               problems + ": upgrade Berth's custom resource definitions before its services");
}

}  // namespace berth::kube
