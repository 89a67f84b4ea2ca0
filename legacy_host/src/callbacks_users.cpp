// Functions that scripts call to ask about users and change them.
#include <utility>
#include <vector>

#include "callback_handlers.h"

namespace hub::callbacks {

// --- Users ---

bool CloseConnection(Caller& caller, std::string nick, long nice, long reason) {
  if (!caller.FindPerson(nick)) return false;
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(nice) / 1000, [&hub, nick, reason] {
    const User* user = hub.users().Find(nick);
    if (user && !user->IsRobot()) user->session->Close(static_cast<CloseReason>(reason));
  });
  return true;
}

w_Targs* GetMyINFO(Caller& caller, std::string nick) {
  const User* user = caller.Find(nick);
  if (!user) return nullptr;
  const MyInfo& info = user->info;
  return caller.library().pack("ssssss", Copy(user->nick), Copy(info.description), Copy(info.tag),
                               Copy(info.speed), Copy(info.mail), Copy(info.share));
}

bool SetMyINFO(Caller& caller, std::string nick, const char* description, const char* tag,
               const char* speed, const char* mail, const char* share) {
  User* user = caller.Find(nick);
  if (!user) return false;
  MyInfo& info = user->info;
  info.description = OrElse(description, info.description);
  info.tag = OrElse(tag, info.tag);
  info.speed = OrElse(speed, info.speed);
  info.mail = OrElse(mail, info.mail);
  info.share = OrElse(share, info.share);
  caller.hub.ShowMyInfo(*user);
  return true;
}

long GetUserClass(Caller& caller, std::string nick) {
  const User* user = caller.Find(nick);
  return user ? user->user_class : kNobody;
}

MaybeText GetUserIP(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->ip : "";
}

// This hub asks no name server: a user's host is his address.
MaybeText GetUserHost(Caller& caller, std::string nick) {
  return GetUserIP(caller, std::move(nick));
}

bool SetUserIP(Caller& caller, std::string nick, std::string ip) {
  const User* user = caller.FindPerson(nick);
  if (!user || !IsIpAddress(ip)) return false;
  user->session->ip = ip;
  return true;
}

static bool ChangeStatus(Caller& caller, const std::string& nick, long set, long unset) {
  User* user = caller.Find(nick);
  if (!user) return false;
  const long status = (static_cast<unsigned char>(user->info.status) | set) & ~unset & 0xff;
  // These bytes would end the field or the message.
  if (status == 0 || status == '$' || status == '|') return false;
  user->info.status = static_cast<char>(status);
  caller.hub.ShowMyInfo(*user);
  return true;
}

bool SetMyINFOFlag(Caller& caller, std::string nick, long flag) {
  return ChangeStatus(caller, nick, flag, 0);
}

bool UnsetMyINFOFlag(Caller& caller, std::string nick, long flag) {
  return ChangeStatus(caller, nick, 0, flag);
}

MaybeText GetUserHubURL(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->hub_url : "";
}

MaybeText GetUserExtJSON(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->ext_json : "";
}

long UserRestrictions(Caller& caller, std::string nick, const char* chat, const char* pm,
                      const char* search, const char* ctm) {
  const std::string periods[4] = {OrElse(chat, ""), OrElse(pm, ""), OrElse(search, ""),
                                  OrElse(ctm, "")};
  return caller.hub.Restrict(nick, periods);
}

long GetUsersCount(Caller& caller) { return caller.hub.users().PeopleCount(); }

MaybeText GetTotalShareSize(Caller& caller) {
  return std::to_string(caller.hub.users().TotalShare());
}

// --- Lists of nicks: text in the older hubs, JSON in the latest ---

static w_Targs* NickList(Caller& caller, const char* name, const std::vector<std::string>& nicks) {
  const WrapperLibrary& library = caller.library();
  if (library.generation() == Generation::kPython3) {
    return library.pack("D", Copy(library.string_list_to_json(nicks)));
  }
  return library.pack("s", Copy(FormatNickList(name, nicks)));
}

w_Targs* GetNickList(Caller& caller) {
  return NickList(caller, "$NickList", caller.hub.users().Nicks());
}

w_Targs* GetOpList(Caller& caller) {
  return NickList(caller, "$OpList", caller.hub.users().Operators());
}

w_Targs* GetBotList(Caller& caller) {
  return NickList(caller, "$BotList", caller.hub.users().Robots());
}

// --- Places ---

static MaybeText CountryCode(Hub& hub, const std::string& ip) {
  const auto place = hub.geo().Find(ip);
  return place && !place->country_code.empty() ? place->country_code : "--";
}

MaybeText GetIPCC(Caller& caller, std::string ip) { return CountryCode(caller.hub, ip); }

MaybeText GetUserCC(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? CountryCode(caller.hub, user->session->ip) : "";
}

MaybeText GetIPCN(Caller& caller, std::string ip) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->country.empty() ? place->country : "--";
}

// `database` names a GeoIP file in other hubs; here there is one table.
MaybeText GetIPCity(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->city.empty() ? place->city : "--";
}

MaybeText GetIPASN(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->asn.empty() ? place->asn : "--";
}

w_Targs* GetGeoIP(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  if (!place) return nullptr;
  // Name, value, name, value; the receiver deletes it.
  auto* pairs = new std::vector<std::string>{
      "host",         ip,
      "ip_prefix",    place->ip_prefix,
      "country_code", place->country_code,
      "country",      place->country,
      "region",       place->region,
      "city",         place->city,
      "continent",    place->continent,
      "time_zone",    place->time_zone,
      "postal_code",  place->postal_code,
  };
  // The classic hub packs literals here, the later ones copies; the library must cope with both.
  const bool literals = caller.library().generation() == Generation::kClassic;
  const auto key = [&](const char* text) {
    return literals ? const_cast<char*>(text) : strdup(text);
  };
  return caller.library().pack("sdsdslslp", key("latitude"), place->latitude, key("longitude"),
                               place->longitude, key("metro_code"), place->metro_code,
                               key("area_code"), place->area_code, static_cast<void*>(pairs));
}

}  // namespace hub::callbacks
