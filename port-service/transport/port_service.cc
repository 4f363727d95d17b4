#include "port-service/transport/port_service.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/page_token.h"
#include "common/grpc/unary.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/transport/claim_watch.h"
#include "port-service/transport/convert.h"
#include "port-service/transport/discovery.h"
#include "port-service/transport/pool_addresses.h"
#include "port-service/transport/pool_mapping.h"

namespace berth::port {
namespace {

/// What differs between lists with different filters.
std::string FilterText(v1::ListClaimsRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return "claims " + request.SerializeAsString();
}

WriteMode ModeOf(bool validate_only) {
  return validate_only ? WriteMode::kCheck : WriteMode::kStore;
}

/// Takes the page that `request` asks for out of `items`, which are ordered by key.
template <typename Item, typename KeyOf>
std::string CutPage(std::vector<Item>& items, const rpc::PageRequest& page,
                    const std::string& filter, const KeyOf& key_of) {
  std::erase_if(items, [&](const Item& item) { return key_of(item) <= page.after; });
  if (items.size() <= static_cast<std::size_t>(page.size)) {
    return "";
  }
  items.erase(items.begin() + page.size, items.end());
  return rpc::NextPageToken(key_of(items.back()), filter);
}

}  // namespace

PortServiceImpl::PortServiceImpl(const Parts& parts) : parts_(parts) {}

grpc::Status PortServiceImpl::GetPool(grpc::ServerContext*, const v1::GetPoolRequest* request,
                                      v1::GetPoolResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetPoolResponse> {
    ASSIGN_OR_RETURN(const pool::PoolName name, ParsePoolName("name", request->name()));
    ASSIGN_OR_RETURN(const auto pool, parts_.pools.Find(name));
    v1::GetPoolResponse answer;
    *answer.mutable_pool() = Describe(*pool);
    return answer;
  });
}

grpc::Status PortServiceImpl::ListPools(grpc::ServerContext*, const v1::ListPoolsRequest* request,
                                        v1::ListPoolsResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ListPoolsResponse> {
    const std::string filter = "pools";
    ASSIGN_OR_RETURN(const rpc::PageRequest page,
                     rpc::ParsePageRequest(request->page_size(), request->page_token(), filter));
    ASSIGN_OR_RETURN(auto pools, parts_.pools.List());
    v1::ListPoolsResponse answer;
    answer.set_next_page_token(
        CutPage(pools, page, filter, [](const auto& pool) { return pool->pool.name.value(); }));
    for (const auto& pool : pools) {
      *answer.add_pools() = Describe(*pool);
    }
    return answer;
  });
}

grpc::Status PortServiceImpl::DiscoverPools(grpc::ServerContext*,
                                            const v1::DiscoverPoolsRequest* request,
                                            v1::DiscoverPoolsResponse* response) {
  return rpc::Unary(*response,
                    [&] { return port::DiscoverPools(parts_.scanner, parts_.pools, *request); });
}

grpc::Status PortServiceImpl::CreatePool(grpc::ServerContext*, const v1::CreatePoolRequest* request,
                                         v1::CreatePoolResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::CreatePoolResponse> {
    ASSIGN_OR_RETURN(const PoolSpec spec, ParsePoolSpec(request->pool()));
    ASSIGN_OR_RETURN(const pool::Pool pool,
                     parts_.pool_store.Create(spec, ModeOf(request->validate_only())));
    v1::CreatePoolResponse answer;
    *answer.mutable_pool() = Describe(pool);
    return answer;
  });
}

grpc::Status PortServiceImpl::UpdatePool(grpc::ServerContext*, const v1::UpdatePoolRequest* request,
                                         v1::UpdatePoolResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::UpdatePoolResponse> {
    ASSIGN_OR_RETURN(const PoolSpec spec, ParsePoolSpec(request->pool()));
    if (request->pool().etag().empty()) {
      return InvalidField("pool.etag", "is required: read the pool first");
    }
    ASSIGN_OR_RETURN(
        const pool::Pool pool,
        parts_.pool_store.Update(spec, request->pool().etag(), ModeOf(request->validate_only())));
    v1::UpdatePoolResponse answer;
    *answer.mutable_pool() = Describe(pool);
    return answer;
  });
}

grpc::Status PortServiceImpl::DeletePool(grpc::ServerContext*, const v1::DeletePoolRequest* request,
                                         v1::DeletePoolResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::DeletePoolResponse> {
    ASSIGN_OR_RETURN(const pool::PoolName name, ParsePoolName("name", request->name()));
    RETURN_IF_ERROR(
        parts_.pool_store.Delete(name, request->etag(), ModeOf(request->validate_only())));
    return v1::DeletePoolResponse();
  });
}

grpc::Status PortServiceImpl::Claim(grpc::ServerContext*, const v1::ClaimRequest* request,
                                    v1::ClaimResponse* response) {
  return rpc::Unary(*response, [&] {
    const auto start = std::chrono::steady_clock::now();
    absl::StatusOr<v1::ClaimResponse> answer = DoClaim(*request);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    parts_.metrics
        .Histogram("claim_duration_seconds", "How long Claim took.", metrics::DurationBounds())
        .Observe(seconds.count());
    Count(answer.status());
    return answer;
  });
}

absl::StatusOr<v1::ClaimResponse> PortServiceImpl::DoClaim(const v1::ClaimRequest& request) {
  ASSIGN_OR_RETURN(const ClaimRequest wanted, ParseClaimRequest(request));
  v1::ClaimResponse answer;
  if (request.validate_only()) {
    RETURN_IF_ERROR(parts_.claimer.Check(wanted));
    return answer;
  }
  ASSIGN_OR_RETURN(const Claimer::Claimed claimed, parts_.claimer.Claim(wanted));
  for (const port::Claim& claim : claimed.claims) {
    *answer.add_claims() = ToProto(claim, claimed.pool->addresses);
  }
  return answer;
}

grpc::Status PortServiceImpl::BindClaim(grpc::ServerContext*, const v1::BindClaimRequest* request,
                                        v1::BindClaimResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::BindClaimResponse> {
    ASSIGN_OR_RETURN(const ClaimId id, ParseClaimId(request->name(), request->uid()));
    if (request->rule() != request->name()) {
      return InvalidField("rule", "must be the name of the claim");
    }
    ASSIGN_OR_RETURN(const port::Claim claim,
                     parts_.lifecycle.Bind(id.name, id.uid, request->rule()));
    v1::BindClaimResponse answer;
    *answer.mutable_claim() = Describe(claim);
    return answer;
  });
}

grpc::Status PortServiceImpl::UnbindClaim(grpc::ServerContext*,
                                          const v1::UnbindClaimRequest* request,
                                          v1::UnbindClaimResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::UnbindClaimResponse> {
    ASSIGN_OR_RETURN(const ClaimId id, ParseClaimId(request->name(), request->uid()));
    ASSIGN_OR_RETURN(const port::Claim claim, parts_.lifecycle.Unbind(id.name, id.uid));
    v1::UnbindClaimResponse answer;
    *answer.mutable_claim() = Describe(claim);
    return answer;
  });
}

grpc::Status PortServiceImpl::RenewClaim(grpc::ServerContext*, const v1::RenewClaimRequest* request,
                                         v1::RenewClaimResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::RenewClaimResponse> {
    ASSIGN_OR_RETURN(const RenewWish wish, ParseRenewRequest(*request));
    ASSIGN_OR_RETURN(const port::Claim claim,
                     parts_.lifecycle.Renew(wish.claim.name, wish.claim.uid, wish.ttl));
    v1::RenewClaimResponse answer;
    *answer.mutable_claim() = Describe(claim);
    return answer;
  });
}

grpc::Status PortServiceImpl::ReleaseClaim(grpc::ServerContext*,
                                           const v1::ReleaseClaimRequest* request,
                                           v1::ReleaseClaimResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ReleaseClaimResponse> {
    ASSIGN_OR_RETURN(const ClaimId id, ParseClaimId(request->name(), request->uid()));
    ASSIGN_OR_RETURN(const port::Claim claim, parts_.lifecycle.Release(id.name, id.uid));
    v1::ReleaseClaimResponse answer;
    *answer.mutable_claim() = Describe(claim);
    return answer;
  });
}

grpc::Status PortServiceImpl::GetClaim(grpc::ServerContext*, const v1::GetClaimRequest* request,
                                       v1::GetClaimResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetClaimResponse> {
    ASSIGN_OR_RETURN(const pool::ClaimName name, ParseClaimName(request->name()));
    ASSIGN_OR_RETURN(const port::Claim claim, parts_.store.Get(name));
    v1::GetClaimResponse answer;
    *answer.mutable_claim() = Describe(claim);
    return answer;
  });
}

grpc::Status PortServiceImpl::ListClaims(grpc::ServerContext*, const v1::ListClaimsRequest* request,
                                         v1::ListClaimsResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ListClaimsResponse> {
    ASSIGN_OR_RETURN(const ClaimFilter filter, ParseClaimFilter(*request));
    const std::string filter_text = FilterText(*request);
    ASSIGN_OR_RETURN(
        const rpc::PageRequest page,
        rpc::ParsePageRequest(request->page_size(), request->page_token(), filter_text));
    ASSIGN_OR_RETURN(std::vector<port::Claim> claims, parts_.feed.List());
    std::erase_if(claims, [&](const port::Claim& claim) { return !Matches(filter, claim); });
    v1::ListClaimsResponse answer;
    answer.set_next_page_token(CutPage(
        claims, page, filter_text, [](const port::Claim& claim) { return claim.name.ToString(); }));
    PoolAddresses addresses(parts_.pools);
    for (const port::Claim& claim : claims) {
      *answer.add_claims() = ToProto(claim, addresses.Of(claim.name.pool()));
    }
    return answer;
  });
}

grpc::ServerWriteReactor<v1::WatchClaimsResponse>* PortServiceImpl::WatchClaims(
    grpc::CallbackServerContext* context, const v1::WatchClaimsRequest* request) {
  return port::WatchClaims(parts_.feed, parts_.pools, parts_.streams, *context, *request);
}

v1::PortPool PortServiceImpl::Describe(const pool::PoolState& pool) {
  absl::Status usable = pool.usable;
  usable.Update(parts_.pools.CheckOpen(pool.pool));
  return ToProto(pool, parts_.view.PortsOf(pool.pool.name), usable);
}

v1::PortPool PortServiceImpl::Describe(const pool::Pool& pool) {
  const auto seen = parts_.pools.Find(pool.name);
  if (seen.ok() && Etag((*seen)->pool) == Etag(pool)) {
    return Describe(**seen);
  }
  return ToProto({.pool = pool}, parts_.view.PortsOf(pool.name),
                 absl::UnavailableError("what the pool names has not been read yet"));
}

v1::PortClaim PortServiceImpl::Describe(const port::Claim& claim) {
  return ToProto(claim, PoolAddresses(parts_.pools).Of(claim.name.pool()));
}

void PortServiceImpl::Count(const absl::Status& status) {
  parts_.metrics
      .Counter("claims_total", "Claim calls by their result.",
               {{"result", status.ok() ? "OK" : ReasonName(ReasonOf(status))}})
      .Increment();
}

}  // namespace berth::port
