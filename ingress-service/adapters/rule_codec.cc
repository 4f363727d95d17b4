#include "ingress-service/adapters/rule_codec.h"

#include <fmt/format.h>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;

std::string_view ToString(kube::ConditionStatus status) {
  switch (status) {
    case kube::ConditionStatus::kTrue:
      return "True";
    case kube::ConditionStatus::kFalse:
      return "False";
    case kube::ConditionStatus::kUnknown:
      return "Unknown";
  }
  return "";
}

std::variant<pool::Port, std::string> ParseTargetPort(const Json& port) {
  if (port.is_number_integer()) {
    if (const auto number = pool::Port::Parse(port.get<std::int64_t>()); number.ok()) {
      return *number;
    }
    return port.dump();
  }
  const std::string text = port.is_string() ? port.get<std::string>() : "";
  if (const auto number = pool::Port::Parse(text); number.ok()) {
    return *number;
  }
  return text;
}

absl::StatusOr<std::vector<SourceRange>> ParseSourceRanges(const Json& object) {
  std::vector<SourceRange> ranges;
  for (const Json& entry : kube::At(object, {"spec", "options", "sourceRanges"})) {
    ASSIGN_OR_RETURN(SourceRange range,
                     SourceRange::Parse(entry.is_string() ? entry.get<std::string>() : ""));
    ranges.push_back(std::move(range));
  }
  return ranges;
}

// A block that is none, put there by hand, spoils the whole rule: without it the port would be open
// to more than was asked for.
absl::StatusOr<RuleSpec> ParseSpec(const Json& object) {
  ASSIGN_OR_RETURN(std::vector<SourceRange> source_ranges, ParseSourceRanges(object));
  return RuleSpec{
      .pool_uid = kube::StringAt(object, {"spec", "poolRef", "uid"}),
      .claim_uid = kube::StringAt(object, {"spec", "claimUid"}),
      .target = {.ns = kube::StringAt(object, {"spec", "targetRef", "namespace"}),
                 .service = kube::StringAt(object, {"spec", "targetRef", "name"}),
                 .port = ParseTargetPort(kube::At(object, {"spec", "targetRef", "port"}))},
      .options = {.decode_proxy_protocol =
                      kube::At(object, {"spec", "options", "decodeProxyProtocol"}) == true,
                  .encode_proxy_protocol =
                      kube::At(object, {"spec", "options", "encodeProxyProtocol"}) == true,
                  .source_ranges = std::move(source_ranges)},
      .exposure = pool::ParseExposureRef(object),
  };
}

RuleStatus ParseStatus(const Json& object) {
  RuleStatus status{
      .observed_generation = kube::IntAt(object, {"status", "observedGeneration"}).value_or(0),
      .evidence = kube::StringAt(object, {"status", "evidence"})};
  for (const auto& [place, value] : kube::At(object, {"status", "written"}).items()) {
    if (value.is_string()) {
      status.written.emplace(place, value.get<std::string>());
    }
  }
  const absl::StatusOr<kube::Time> programmed =
      kube::ParseTime(kube::StringAt(object, {"status", "programmedTime"}));
  if (programmed.ok()) {
    status.programmed_time = *programmed;
  }
  for (const Json& entry : kube::At(object, {"status", "conditions"})) {
    if (const auto condition = kube::GetCondition(object, kube::StringAt(entry, {"type"}))) {
      status.conditions.push_back(*condition);
    }
  }
  return status;
}

Json TargetPortJson(const Target& target) {
  const pool::Port* number = std::get_if<pool::Port>(&target.port);
  return number != nullptr ? Json(number->number()) : Json(std::get<std::string>(target.port));
}

Json TargetJson(const Target& target) {
  return {{"namespace", target.ns}, {"name", target.service}, {"port", TargetPortJson(target)}};
}

Json OptionsJson(const RuleOptions& options) {
  Json source_ranges = Json::array();
  for (const SourceRange& range : options.source_ranges) {
    source_ranges.push_back(range.ToString());
  }
  return {{"decodeProxyProtocol", options.decode_proxy_protocol},
          {"encodeProxyProtocol", options.encode_proxy_protocol},
          {"sourceRanges", std::move(source_ranges)}};
}

// Null, which takes the field away in a merge patch, without an exposure.
Json ExposureJson(const std::optional<pool::ExposureRef>& exposure) {
  return exposure ? pool::ToJson(*exposure) : Json(nullptr);
}

Json ConditionJson(const kube::Condition& condition) {
  return {{"type", condition.type},
          {"status", std::string(ToString(condition.status))},
          {"reason", condition.reason},
          {"message", condition.message},
          {"observedGeneration", condition.observed_generation},
          {"lastTransitionTime",
           kube::FormatTime(condition.last_transition_time.value_or(kube::Time()))}};
}

// What a patch must meet to be carried out.
Json Unchanged(const Rule& rule) {
  return {{"uid", rule.uid}, {"resourceVersion", rule.resource_version}};
}

}  // namespace

absl::StatusOr<Rule> ParseRule(const Json& object) {
  ASSIGN_OR_RETURN(const pool::ClaimName name, pool::ClaimName::Parse(kube::Name(object)));
  const bool name_says_the_spec =
      kube::StringAt(object, {"spec", "poolRef", "name"}) == name.pool().value() &&
      kube::StringAt(object, {"spec", "protocol"}) == pool::ToString(name.protocol()) &&
      kube::IntAt(object, {"spec", "port"}) == name.port().number();
  if (!name_says_the_spec) {
    return InvalidField(
        "metadata.name",
        fmt::format("'{}' does not match pool, protocol and port of the spec", kube::Name(object)));
  }
  ASSIGN_OR_RETURN(RuleSpec spec, ParseSpec(object));
  Rule rule{.name = name,
            .uid = kube::Uid(object),
            .resource_version = kube::ResourceVersion(object),
            .generation = kube::Generation(object),
            .created = kube::CreationTimestamp(object),
            .removing = kube::IsBeingDeleted(object),
            .spec = std::move(spec),
            .status = ParseStatus(object)};
  rule.revision = kube::ParseResourceVersion(rule.resource_version).value_or(0);
  for (const Json& finalizer : kube::At(object, {"metadata", "finalizers"})) {
    if (finalizer.is_string()) {
      rule.finalizers.push_back(finalizer.get<std::string>());
    }
  }
  return rule;
}

Json NewRuleObject(const std::string& ns, const pool::ClaimName& name, const RuleSpec& spec) {
  Json object = kube::NewObject(kube::kPortRules, {.ns = ns, .name = name.ToString()});
  kube::AddFinalizer(object, kRuleFinalizer);
  object["spec"] = {{"poolRef", {{"name", name.pool().value()}, {"uid", spec.pool_uid}}},
                    {"protocol", std::string(pool::ToString(name.protocol()))},
                    {"port", name.port().number()},
                    {"claimUid", spec.claim_uid},
                    {"targetRef", TargetJson(spec.target)},
                    {"options", OptionsJson(spec.options)}};
  if (spec.exposure) {
    object["spec"]["exposureRef"] = ExposureJson(spec.exposure);
    kube::SetLabel(object, pool::kExposureUidLabel, spec.exposure->uid);
  }
  return object;
}

Json SpecPatch(const Rule& rule, const RuleSpec& spec) {
  Json metadata = Unchanged(rule);
  metadata["labels"][std::string(pool::kExposureUidLabel)] =
      spec.exposure ? Json(spec.exposure->uid) : Json(nullptr);
  return {{"metadata", std::move(metadata)},
          {"spec",
           {{"targetRef", TargetJson(spec.target)},
            {"options", OptionsJson(spec.options)},
            {"exposureRef", ExposureJson(spec.exposure)}}}};
}

Json StatusPatch(const Rule& rule, const RuleStatus& status) {
  Json written = Json::object();
  for (const auto& [place, value] : rule.status.written) {
    written[place] = nullptr;
  }
  for (const auto& [place, value] : status.written) {
    written[place] = value;
  }
  Json conditions = Json::array();
  for (const kube::Condition& condition : status.conditions) {
    conditions.push_back(ConditionJson(condition));
  }
  Json fields = {{"observedGeneration", status.observed_generation},
                 {"written", std::move(written)},
                 {"evidence", status.evidence.empty() ? Json() : Json(status.evidence)},
                 {"conditions", std::move(conditions)}};
  if (status.programmed_time) {
    fields["programmedTime"] = kube::FormatTime(*status.programmed_time);
  }
  return {{"metadata", Unchanged(rule)}, {"status", std::move(fields)}};
}

Json FinalizersPatch(const Rule& rule, const std::vector<std::string>& finalizers) {
  Json metadata = Unchanged(rule);
  metadata["finalizers"] = finalizers;
  return {{"metadata", std::move(metadata)}};
}

}  // namespace berth::ingress
