#include "helm-service/transport/release_query_mapping.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "common/grpc/page_token.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/transport/collect.h"
#include "helm-service/transport/release_mapping.h"

namespace berth::helm {
namespace {

constexpr int kMostNamespaces = 100;
constexpr std::size_t kLongestChartName = 250;

constexpr std::array<std::pair<std::string_view, ReleaseOrder::Field>, 4> kFields = {{
    {"", ReleaseOrder::Field::kNamespace},
    {"namespace", ReleaseOrder::Field::kNamespace},
    {"name", ReleaseOrder::Field::kName},
    {"deploy_time", ReleaseOrder::Field::kDeployTime},
}};

void AddNamespace(ReleaseFilter& filter, FieldViolations& violations, const std::string& field,
                  const std::string& text) {
  std::optional<NamespaceName> ns = Collect(violations, field, NamespaceName::Parse(text));
  if (ns.has_value()) filter.namespaces.insert(*std::move(ns));
}

// The parsed text, or a violation; nothing for an empty one.
template <typename T>
std::optional<T> ParseIfSet(FieldViolations& violations, std::string_view field,
                            const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Collect(violations, field, T::Parse(text));
}

ReleaseFilter ReadFilter(const v1::ReleaseFilter& proto, FieldViolations& violations) {
  ReleaseFilter filter;
  if (proto.namespaces_size() > kMostNamespaces) {
    violations.Add("filter.namespaces", fmt::format("must be at most {}", kMostNamespaces));
  }
  for (int i = 0; i < proto.namespaces_size(); ++i) {
    AddNamespace(filter, violations, fmt::format("filter.namespaces[{}]", i), proto.namespaces(i));
  }
  for (int i = 0; i < proto.statuses_size(); ++i) {
    const auto status = static_cast<v1::Release::Status>(proto.statuses(i));
    if (status == v1::Release::STATUS_UNSPECIFIED || !v1::Release::Status_IsValid(status)) {
      violations.Add(fmt::format("filter.statuses[{}]", i), "must be one of Helm's states");
    }
    filter.statuses.insert(ToReleaseStatus(status));
  }
  if (proto.chart_name().size() > kLongestChartName) {
    violations.Add("filter.chart_name",
                   fmt::format("must be at most {} characters", kLongestChartName));
  }
  filter.chart_name = proto.chart_name();
  filter.labels =
      ParseIfSet<kube::LabelSelector>(violations, "filter.label_selector", proto.label_selector());
  filter.name = ParseIfSet<NamePattern>(violations, "filter.name_pattern", proto.name_pattern());
  return filter;
}

ReleaseOrder ReadOrder(std::string_view text, FieldViolations& violations) {
  constexpr std::string_view kDescending = " desc";
  ReleaseOrder order;
  order.descending = text.ends_with(kDescending);
  if (order.descending) text.remove_suffix(kDescending.size());
  for (const auto& [name, field] : kFields) {
    if (name == text && !(name.empty() && order.descending)) {
      order.field = field;
      return order;
    }
  }
  violations.Add("order_by",
                 "must be `namespace`, `name` or `deploy_time`, with or without \" desc\" behind");
  return order;
}

// All of the request that decides what its pages hold.
std::string PagedQuery(const v1::ListReleasesRequest& request) {
  v1::ListReleasesRequest query = request;
  query.clear_page_size();
  query.clear_page_token();
  query.clear_consistency_token();
  return query.SerializeAsString();
}

}  // namespace

absl::StatusOr<ReleaseCatalog::Request> ToCatalogRequest(const v1::ListReleasesRequest& request) {
  FieldViolations violations;
  ReleaseCatalog::Request wanted;
  wanted.filter = ReadFilter(request.filter(), violations);
  if (!request.namespace_().empty()) {
    AddNamespace(wanted.filter, violations, "namespace", request.namespace_());
  }
  wanted.order = ReadOrder(request.order_by(), violations);
  wanted.at_least =
      ParseIfSet<ConsistencyToken>(violations, "consistency_token", request.consistency_token());
  RETURN_IF_ERROR(violations.ToStatus());
  ASSIGN_OR_RETURN(
      rpc::PageRequest page,
      rpc::ParsePageRequest(request.page_size(), request.page_token(), PagedQuery(request)));
  wanted.after = std::move(page.after);
  wanted.limit = static_cast<std::size_t>(page.size);
  return wanted;
}

std::string NextPageToken(const v1::ListReleasesRequest& request, std::string_view more_after) {
  return rpc::NextPageToken(more_after, PagedQuery(request));
}

absl::StatusOr<ReleaseFilter> ToFilter(const v1::WatchReleasesRequest& request) {
  FieldViolations violations;
  ReleaseFilter filter = ReadFilter(request.filter(), violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return filter;
}

}  // namespace berth::helm
