// Where an address is: rows of the database's table `geoip`, the longest prefix wins.
#pragma once

#include <optional>
#include <string>

#include "database.h"

namespace hub {

struct GeoPlace {
  std::string ip_prefix, country_code, country, city, asn, region, continent, time_zone,
      postal_code;
  double latitude = 0, longitude = 0;
  long metro_code = 0, area_code = 0;
};

class GeoTable {
 public:
  explicit GeoTable(Database* database) : database_(database) {}

  std::optional<GeoPlace> Find(const std::string& ip);

 private:
  Database* database_;
};

}  // namespace hub
