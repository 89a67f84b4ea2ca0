"""Virtual environments of scripts."""


class VenvFinder:
    """In the main interpreter: finds modules and distributions in the virtual environment of the
    running script, as if it stood in sys.path where other interpreters have it.
    """

    @staticmethod
    def find_spec(name, path=None, target=None):
        folders = running_site_packages()
        if not folders or name in sys.builtin_module_names:
            return None
        if path is None:
            return path_finder().find_spec(name, with_site_packages(sys.path, folders), target)
        if type(path) is list:
            return None
        # A namespace package, imported by a script with another environment perhaps.
        inside = name.rpartition(".")[0].replace(".", "/")
        return path_finder().find_spec(name, [f"{folder}/{inside}" for folder in folders], target)

    @staticmethod
    def find_distributions(context):
        """For importlib.metadata: versions, requirements, entry points."""
        folders = running_site_packages()
        if not folders or "path" in vars(context):
            return ()
        context = type(context)(**{**vars(context), "path": folders})
        return path_finder().find_distributions(context)

    @staticmethod
    def iter_modules(prefix=""):
        """For pkgutil.iter_modules without a path."""
        found = loaded("pkgutil").iter_modules(running_site_packages(), prefix)
        return ((module.name, module.ispkg) for module in found)


def running_site_packages():
    scope = current_scope()
    return [] if scope is None else scope.site_packages


def path_finder():
    # Always loaded: an import here would come back to VenvFinder.
    return sys.modules["_frozen_importlib_external"].PathFinder


def with_site_packages(path, folders):
    """A path with a virtual environment: after the standard library, before what is installed in the
    Python itself.
    """
    path = list(path)
    others = [path.endswith(("site-packages", "dist-packages")) for path in path]
    place = others.index(True) if True in others else len(path)
    path[place:place] = folders
    return path


class Environment(Part):
    def use_venv(self, folder):
        """Adds the packages of a virtual environment for this script only.

        Returns None, or what is wrong with it.
        """
        import os
        import site

        version = "{}.{}".format(*sys.version_info)
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
                pairs = (line.partition("=") for line in file)
                settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
        except (OSError, ValueError) as error:
            return f"{folder} is no virtual environment: {error}"
        found = settings.get("version") or settings.get("version_info") or "unknown"
        if found.split(".")[:2] != version.split("."):
            return (
                f"the virtual environment {folder} is for Python {found}, "
                f"but scripts run with Python {version}: make it again with that version"
            )
        packages = os.path.join(folder, "lib", f"python{version}", "site-packages")
        if not os.path.isdir(packages):
            return f"the virtual environment {folder} has no folder {packages}"
        before = list(sys.path)
        site.addsitedir(packages)
        self.site_packages = [path for path in sys.path if path not in before]
        sys.path[:] = before
        LIBRARY_PATHS.extend(path for path in self.site_packages if path not in LIBRARY_PATHS)
        if self.shared:
            if VenvFinder not in sys.meta_path:
                sys.meta_path.insert(0, VenvFinder)
            return None
        sys.path[:] = with_site_packages(before, self.site_packages)
        return None
